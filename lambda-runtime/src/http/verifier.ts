import { createHash, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  errors,
  exportJWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import { UsageError } from '../errors.ts'
import { httpTransport } from '../protocol/http.ts'
import type { IdentityOptions } from './options.ts'
import { Refusal } from './problem.ts'

/** Lets only signed requests pass. */
export interface Verifier {
  /** @throws Refusal `signature-missing`, `signature-invalid` */
  verify(call: SignedCall): Promise<void>
}

export interface SignedCall {
  readonly path: string
  readonly signature: string | undefined
  readonly body: Uint8Array
}

type TrustedKey = { readonly key: KeyObject; readonly algorithm: 'EdDSA' | 'HS256' }

const minSecretBytes = 32

/** @param now epoch ms. @throws UsageError `option-invalid` for keys that are none */
export function createVerifier(options: IdentityOptions, now: () => number): Verifier {
  const keys = trustedKeys(options)
  const tolerance = (options.clockToleranceMs ?? 5_000) / 1_000
  let known: Promise<ReadonlyMap<string, TrustedKey>> | undefined

  const claimsOf = async (signature: string): Promise<JWTPayload> => {
    known ??= byThumbprint(keys)
    const { kid = '' } = decodeProtectedHeader(signature)
    const trusted = (await known).get(kid)
    if (trusted === undefined) throw untrusted(kid)
    const { payload } = await jwtVerify(signature, trusted.key, {
      // The algorithm is the key's, never the message's.
      algorithms: [trusted.algorithm],
      issuer: httpTransport.issuer,
      ...(options.audience !== undefined && { audience: [options.audience].flat() }),
      clockTolerance: tolerance,
      maxTokenAge: httpTransport.signatureLifetimeS,
      requiredClaims: ['exp', 'aud'],
      currentDate: new Date(now()),
    })
    return payload
  }

  return {
    async verify({ path, signature, body }) {
      if (signature === undefined || signature === '') {
        throw new Refusal(
          'signature-missing',
          `These handlers take signed requests only, and this one has no ${httpTransport.signatureHeader}: configure the orchestrator's identity`,
        )
      }
      const claims = await claimsOf(signature).catch((error: unknown) => {
        throw error instanceof errors.JOSEError || error instanceof TypeError
          ? invalid(error.message)
          : error
      })
      if (claims['path'] !== path) throw invalid('it is for another path')
      if (claims['sha256'] !== digestOf(body)) throw invalid('it is for another body')
    },
  }
}

function trustedKeys({ publicKeys = [], secrets = [] }: IdentityOptions): readonly TrustedKey[] {
  const keys = [...publicKeys.map(publicKey), ...secrets.map(secretKey)]
  if (keys.length > 0) return keys
  throw new UsageError('option-invalid', 'identity names no key: give publicKeys or secrets')
}

function publicKey(text: string, index: number): TrustedKey {
  const label = `identity.publicKeys[${index}]`
  if (text.includes('PRIVATE')) {
    throw new UsageError(
      'option-invalid',
      `${label} is a private key, which belongs nowhere but in the orchestrator's configuration: give its public key`,
    )
  }
  const key = parsed(text, label)
  if (key.asymmetricKeyType === 'ed25519') return { key, algorithm: 'EdDSA' }
  throw new UsageError('option-invalid', `${label} is no Ed25519 key, but ${key.asymmetricKeyType}`)
}

function parsed(text: string, label: string): KeyObject {
  try {
    return text.trimStart().startsWith('{')
      ? createPublicKey({ key: JSON.parse(text), format: 'jwk' })
      : createPublicKey(text)
  } catch (cause) {
    const message = `${label} is no public key: expected PEM ("-----BEGIN PUBLIC KEY-----…") or a JWK`
    throw new UsageError('option-invalid', message, { cause })
  }
}

function secretKey(secret: string, index: number): TrustedKey {
  const bytes = Buffer.from(secret)
  if (bytes.byteLength >= minSecretBytes) return { key: createSecretKey(bytes), algorithm: 'HS256' }
  throw new UsageError(
    'option-invalid',
    `identity.secrets[${index}] has ${bytes.byteLength} bytes: take at least ${minSecretBytes} random ones (openssl rand -base64 48)`,
  )
}

/** Signatures name their key by its thumbprint (RFC 7638). */
async function byThumbprint(keys: readonly TrustedKey[]): Promise<ReadonlyMap<string, TrustedKey>> {
  const entries = keys.map(async (trusted) => {
    const thumbprint = await calculateJwkThumbprint(await exportJWK(trusted.key))
    return [thumbprint, trusted] as const
  })
  return new Map(await Promise.all(entries))
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64url')
}

function untrusted(kid: string): Refusal {
  return invalid(`none of the keys here is ${kid === '' ? 'named' : `"${kid}"`}`)
}

function invalid(reason: string): Refusal {
  return new Refusal('signature-invalid', `The signature is not good: ${reason}`)
}
