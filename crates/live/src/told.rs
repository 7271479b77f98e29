//! What a group is told of an entry.

use std::{
    any::Any,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use metrics::Counter;
use tokio::sync::watch;

use crate::{
    slot::Slot,
    stock::{Kept, Stock},
};

/// What was made of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What is sent.
    pub bytes: Bytes,
    /// Whether it is as good for those who come later.
    pub keep: bool,
}

/// Why something could not be made. It is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmade {
    /// What it takes is out of reach for now.
    Unavailable,
    /// It took too long.
    Late,
}

/// The making of something.
pub type Making = BoxFuture<'static, Result<Made, Unmade>>;

/// An entry that a group is told of, and the bytes that its members are sent: made once, and again when something was
/// hidden since, or when it was let go of to make room.
#[derive(Debug)]
pub struct Told {
    /// The entry.
    pub slot: Arc<Slot>,
    frame: Mutex<Frame>,
    stock: Arc<Stock>,
}

static SHARED: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_frames_shared_total"));

#[derive(Debug, Default)]
struct Frame {
    /// How often something had been hidden when the making began.
    hidden: u64,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    None,
    Making(watch::Receiver<Option<Result<Bytes, Unmade>>>),
    Made(Kept),
}

impl Told {
    pub(crate) fn new(slot: Arc<Slot>, stock: Arc<Stock>) -> Self {
        Self { slot, frame: Mutex::default(), stock }
    }

    /// What all have in common who make something of the entry now, such as the records that it is about. It is gone when
    /// the last of them lets go of it, and begun anew when something was hidden.
    pub fn common<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        self.slot.common(self.stock.hidden())
    }

    /// What is sent, if it was made and is as good now.
    pub fn frame(&self) -> Option<Bytes> {
        let hidden = self.stock.hidden();
        self.with(|frame| match &frame.state {
            State::Made(kept) if frame.hidden == hidden => {
                SHARED.increment(1);
                Some(kept.bytes.clone())
            }
            _ => None,
        })
    }

    /// What is sent, made once for all who ask. A task of its own makes it: whoever asks first may be slow, or go away,
    /// and the others do not wait for that. When it could not be made, whoever asks next has it tried again.
    pub(crate) async fn make(self: &Arc<Self>, make: impl FnOnce() -> Making) -> Result<Bytes, Unmade> {
        let mut made = match self.begin(make) {
            Ok(bytes) => return Ok(bytes),
            Err(made) => made,
        };
        // The task is gone without a word only when it panicked.
        let made = made.wait_for(Option::is_some).await.map_err(|_| Unmade::Unavailable)?;
        made.clone().unwrap_or(Err(Unmade::Unavailable))
    }

    fn begin(self: &Arc<Self>, make: impl FnOnce() -> Making) -> Result<Bytes, watch::Receiver<Option<Result<Bytes, Unmade>>>> {
        let hidden = self.stock.hidden();
        self.with(|frame| {
            match &frame.state {
                State::Made(kept) if frame.hidden == hidden => return Ok(kept.bytes.clone()),
                // Of a making that failed only the closed channel is left.
                State::Making(made) if frame.hidden == hidden && made.has_changed().is_ok() => return Err(made.clone()),
                _ => {}
            }
            let (done, made) = watch::channel(None);
            *frame = Frame { hidden, state: State::Making(made.clone()) };
            let (told, making) = (Arc::clone(self), make());
            self.stock.making.spawn(async move {
                let result = making.await;
                let bytes = result.as_ref().map(|made| made.bytes.clone()).map_err(|unmade| *unmade);
                if let Ok(made) = result {
                    told.keep(&done, made);
                }
                done.send_replace(Some(bytes));
            });
            Err(made)
        })
    }

    /// Keeps what was made, unless somebody has it made again meanwhile.
    fn keep(self: &Arc<Self>, done: &watch::Sender<Option<Result<Bytes, Unmade>>>, Made { bytes, keep }: Made) {
        let is_kept = self.with(|frame| {
            let current = matches!(&frame.state, State::Making(made) if made.same_channel(&done.subscribe()));
            if current {
                frame.state = if keep { State::Made(self.stock.keep(bytes)) } else { State::None };
            }
            current && keep
        });
        if is_kept {
            self.stock.make_room(self);
        }
    }

    /// Lets go of what was made of it.
    pub(crate) fn forget(&self) {
        self.with(|frame| {
            if let State::Made(_) = frame.state {
                frame.state = State::None;
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Frame) -> T) -> T {
        work(&mut self.frame.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::future;

    use futures::FutureExt;

    use super::*;
    use crate::{
        ring::tests::entry,
        stock::{BYTES, OVERHEAD},
    };

    fn told(stock: &Arc<Stock>) -> Arc<Told> {
        Arc::new(Told::new(Arc::new(Slot::new(entry(1))), Arc::clone(stock)))
    }

    fn made(bytes: impl Into<Bytes>, keep: bool) -> impl FnOnce() -> Making {
        let made = Made { bytes: bytes.into(), keep };
        move || future::ready(Ok(made)).boxed()
    }

    #[tokio::test]
    async fn it_is_made_once_and_again_after_a_failure() {
        let told = told(&Stock::new());
        assert_eq!(told.make(|| future::ready(Err(Unmade::Late)).boxed()).await, Err(Unmade::Late));
        let (first, second) = tokio::join!(told.make(made("a", true)), told.make(made("b", true)));
        assert_eq!((first, second), (Ok(Bytes::from("a")), Ok(Bytes::from("a"))));
        assert_eq!(told.frame(), Some(Bytes::from("a")));
        told.forget();
        assert_eq!(told.make(made("errors", false)).await, Ok(Bytes::from("errors")));
        assert_eq!(told.frame(), None, "the next one may fare better");
    }

    #[tokio::test]
    async fn so_much_is_kept_and_no_more() {
        let stock = Stock::new();
        let [first, second, third] = [told(&stock), told(&stock), told(&stock)];
        let half = Bytes::from(vec![0; BYTES / 2]);
        for each in [&first, &second, &third] {
            assert_eq!(each.make(made(half.clone(), true)).await, Ok(half.clone()), "it is sent in any case");
        }
        assert_eq!([first.frame(), second.frame(), third.frame()].map(|frame| frame.is_some()), [false, false, true]);
        assert_eq!(stock.bytes(), BYTES / 2 + OVERHEAD);
        drop(third);
        assert_eq!(stock.bytes(), 0);
    }
}
