/** What an orchestrator signs its requests to servers of handlers with. */
export type IdentityConfig =
  | { readonly kind: 'ed25519' /** PEM. */; readonly privateKey: string }
  | { readonly kind: 'hmac'; readonly secret: string }

/** What anybody may know of it. */
export type IdentityView =
  | {
      readonly algorithm: 'EdDSA'
      /** The thumbprint that signatures name their key by. */
      readonly keyId: string
      /** The public key. */
      readonly pem: string
      readonly jwk: Readonly<Record<string, unknown>>
    }
  | { readonly algorithm: 'HS256'; readonly keyId: string }
  /** Requests are not signed. */
  | { readonly algorithm: 'none' }
