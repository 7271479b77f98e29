//! Import and export: a folder of CSV files, one for each kind of record.
//!
//! An import reads the files (`table`), turns rows into records and refuses what the rules refuse (`draft`), compares
//! them with what is stored (`plan`), and only then writes, in one transaction (`import`). An export writes the same
//! columns (`export`). Which columns a record has, and in which words, is said once for both, in `fields`.

mod directory;
mod draft;
mod export;
mod fault;
mod fields;
mod files;
mod import;
mod plan;
mod quotes;
mod suspicious;
mod table;

pub use export::{ExportError, Exported, export};
pub use fault::{Fault, Faults};
pub use import::{Counts, ImportError, ImportOptions, Imported, import};
pub use suspicious::Suspicion;
