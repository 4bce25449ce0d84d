import { createHash, createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import { httpTransport, type SignatureClaims } from '@fermata/lambda-runtime/protocol'
import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose'
import type { IdentityConfig, IdentityView } from '../../ports/index.ts'

/** Says with each request that it is this orchestrator's. */
export interface Signer {
  /** For a request of `body` to `path` below the deployment's `address`: the signature, good for a minute. */
  sign(address: string, path: string, body: Uint8Array): Promise<string>
  /** What may be known of it. */
  view(): Promise<IdentityView>
}

/** @param now epoch ms */
export function createSigner(identity: IdentityConfig, now: () => number): Signer {
  const isPair = identity.kind === 'ed25519'
  const key = isPair
    ? createPrivateKey(identity.privateKey)
    : createSecretKey(Buffer.from(identity.secret))
  const algorithm = isPair ? 'EdDSA' : 'HS256'
  const publicKey = isPair ? createPublicKey(key) : undefined
  let thumbprint: Promise<string> | undefined
  const keyId = (): Promise<string> => {
    thumbprint ??= exportJWK(publicKey ?? key).then((jwk) => calculateJwkThumbprint(jwk))
    return thumbprint
  }
  return {
    async sign(address, path, body) {
      const sha256 = createHash('sha256').update(body).digest('base64url')
      const issuedAt = Math.floor(now() / 1_000)
      return new SignJWT({ path, sha256 } satisfies SignatureClaims)
        .setProtectedHeader({ alg: algorithm, kid: await keyId() })
        .setIssuer(httpTransport.issuer)
        .setAudience(address)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + httpTransport.signatureLifetimeS)
        .sign(key)
    },
    async view() {
      if (publicKey === undefined) return { algorithm: 'HS256', keyId: await keyId() }
      return {
        algorithm: 'EdDSA',
        keyId: await keyId(),
        pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        jwk: { ...(await exportJWK(publicKey)) },
      }
    },
  }
}
