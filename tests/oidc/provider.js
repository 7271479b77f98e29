// An OIDC issuer: https://github.com/panva/node-oidc-provider with one client for programs. Its tokens are what the client asks
// for by `resource`: urn:<audience>:<algorithm>:<seconds>.
//
// Besides, it changes its keys (POST /-/rotate), and signs with them what no issuer would (POST /-/sign).

import { constants, createHmac, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Provider from 'oidc-provider';

const ALGORITHMS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  EdDSA: ['ed25519', {}],
};

let keys;
let provider;
let issuer;

const begin = () => {
  keys = Object.entries(ALGORITHMS).map(([alg, [type, options]]) => {
    const { privateKey } = generateKeyPairSync(type, options);
    return { privateKey, alg, kid: `${alg}-${randomUUID()}` };
  });
  const jwks = keys.map(({ privateKey, alg, kid }) => ({ ...privateKey.export({ format: 'jwk' }), alg, kid, use: 'sig' }));
  provider = new Provider(issuer, {
    jwks: { keys: jwks },
    clients: [
      {
        client_id: 'field-team',
        client_secret: 'secret',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          const [, audience, alg, seconds] = resource.split(':');
          return { scope: '', audience, accessTokenTTL: Number(seconds), accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
        },
      },
    },
    extraTokenClaims: () => ({ name: 'Field Team' }),
  });
};

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

// Signs anything with the key for an algorithm, under its name unless the header says something else. Of what is no algorithm
// of a key, HS256 takes the public key as the secret, as those do who hope that nobody looks, and the rest is not signed at all.
const signed = ({ alg, header, claims }) => {
  const { privateKey, kid } = keys.find((key) => key.alg === alg) ?? keys[0];
  const message = `${encode({ alg, kid, ...header })}.${encode(claims)}`;
  if (alg === 'HS256') {
    const secret = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
    return `${message}.${createHmac('sha256', secret).update(message).digest('base64url')}`;
  }
  if (!(alg in ALGORITHMS)) {
    return `${message}.`;
  }
  const options = {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(alg === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
  };
  const hash = { RS256: 'sha256', PS256: 'sha256', ES256: 'sha256', ES384: 'sha384' }[alg];
  return `${message}.${sign(hash, Buffer.from(message), options).toString('base64url')}`;
};

const server = createServer(async (request, response) => {
  if (request.url === '/-/rotate') {
    begin();
    response.end();
  } else if (request.url === '/-/sign') {
    response.end(signed(JSON.parse(await text(request))));
  } else {
    if (request.url === '/jwks') {
      console.log('asked for keys');
    }
    provider.callback()(request, response);
  }
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  begin();
  console.log(`issuer ${issuer}`);
});
