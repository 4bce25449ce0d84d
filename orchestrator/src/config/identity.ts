import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { IdentityConfig } from '../ports/index.ts'
import type { Mistake } from './mistake.ts'

// No message here may repeat a key.
const text = v.pipe(v.string('expected a text'), v.nonEmpty('expected a text that is not empty'))

/** One of the three. `privateKeyFile` keeps the key out of the document. */
export const identitySchema = v.object({
  privateKey: v.optional(text),
  privateKeyFile: v.optional(text),
  secret: v.optional(
    v.pipe(
      v.string('expected a text'),
      v.check(
        (secret) => Buffer.byteLength(secret) >= 32,
        'expected at least 32 random bytes (openssl rand -base64 48)',
      ),
    ),
  ),
})

/**
 * What requests are signed with; or what is wrong with the keys. Reads the file that the key is in. What the schema
 * finds is not said again.
 */
export function readIdentity(document: unknown): {
  readonly identity: IdentityConfig | undefined
  readonly mistakes: readonly Mistake[]
} {
  const parsed = v.safeParse(v.optional(identitySchema), document)
  if (!parsed.success || parsed.output === undefined) return { identity: undefined, mistakes: [] }
  const { privateKey, privateKeyFile, secret } = parsed.output
  const given = Object.entries({ privateKey, privateKeyFile, secret }).filter(
    ([, value]) => value !== undefined,
  )
  if (given.length !== 1) {
    return mistaken('identity', 'expected one of privateKey, privateKeyFile and secret')
  }
  if (secret !== undefined) return { identity: { kind: 'hmac', secret }, mistakes: [] }
  if (privateKey !== undefined) return ed25519('identity.privateKey', privateKey)
  try {
    return ed25519('identity.privateKeyFile', readFileSync(privateKeyFile ?? '', 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return mistaken('identity.privateKeyFile', `cannot be read: ${reason}`)
  }
}

function ed25519(path: string, privateKey: string): ReturnType<typeof readIdentity> {
  if (isEd25519(privateKey)) return { identity: { kind: 'ed25519', privateKey }, mistakes: [] }
  return mistaken(
    path,
    'expected an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)',
  )
}

function isEd25519(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

function mistaken(path: string, message: string): ReturnType<typeof readIdentity> {
  return { identity: undefined, mistakes: [{ path, message }] }
}
