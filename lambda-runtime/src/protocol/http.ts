/**
 * How the protocol travels over HTTP: `POST {url}/invoke` carries an InvokeRequest and answers an InvokeReply, `GET
 * {url}/discover` answers a manifest. Whatever is not answered with 200 is problem JSON with a `code`.
 */
export const httpTransport = {
  invokePath: '/invoke',
  discoverPath: '/discover',
  healthPath: '/health',
  /** A compact JWS of who asks, whom, when and what: the claims below. */
  signatureHeader: 'x-fermata-signature',
  issuer: 'fermata',
  /** How long a signature is good, in seconds. */
  signatureLifetimeS: 60,
  /** The larger ones are not sent: a part of their journal is left out. As large as Lambda's. */
  maxRequestBytes: 6_291_456,
} as const

/** What is signed beside `iss`, `aud` (the deployment's URL), `iat` and `exp`. */
export type SignatureClaims = {
  /** What is asked for, below the deployment's URL. */
  readonly path: string
  /** SHA-256 of the body, base64url. */
  readonly sha256: string
}
