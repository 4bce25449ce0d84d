import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@fermata/orchestrator'
import { describe, expect, it, onTestFinished } from 'vitest'

const pem = (type: 'ed25519' | 'x25519') => {
  const { privateKey } =
    type === 'ed25519' ? generateKeyPairSync(type) : generateKeyPairSync('x25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
const privateKey = pem('ed25519')
const secret = 's'.repeat(32)

const identityOf = (identity: object | undefined, env: Readonly<Record<string, string>> = {}) =>
  loadConfig({ FERMATA_CONFIG: JSON.stringify({ store: 'memory', identity }), ...env }).identity

function refusal(identity: object, more: object = {}): string {
  try {
    loadConfig({ FERMATA_CONFIG: JSON.stringify({ store: 'memory', identity, ...more }) })
    return 'taken'
  } catch (error) {
    return String(error)
  }
}

describe('the identity of an orchestrator', () => {
  it('is nothing, a private key or a secret', () => {
    expect(identityOf(undefined)).toBeUndefined()
    expect(identityOf({ privateKey })).toEqual({ kind: 'ed25519', privateKey })
    expect(identityOf({ secret })).toEqual({ kind: 'hmac', secret })
  })

  it('comes from a variable, too', () => {
    const env = { FERMATA_IDENTITY_PRIVATE_KEY: privateKey }
    expect(identityOf(undefined, env)).toEqual({ kind: 'ed25519', privateKey })
  })

  it('comes from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'identity-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const privateKeyFile = join(folder, 'identity.pem')
    writeFileSync(privateKeyFile, privateKey)
    expect(identityOf({ privateKeyFile })).toEqual({ kind: 'ed25519', privateKey })
    expect(refusal({ privateKeyFile: join(folder, 'none') })).toContain(
      'identity.privateKeyFile: cannot be read: ENOENT',
    )
  })

  it.each([
    ['nothing in it', {}, 'identity: expected one of privateKey, privateKeyFile and secret'],
    ['two keys', { privateKey, secret }, 'identity: expected one of'],
    ['a key that is none', { privateKey: 'hello' }, 'identity.privateKey: expected an Ed25519'],
    [
      'a key of another kind',
      { privateKey: pem('x25519') },
      'identity.privateKey: expected an Ed25519 private key in PEM',
    ],
    ['a short secret', { secret: 'short' }, 'identity.secret: expected at least 32 random bytes'],
  ])('is refused with %s, and the key is not repeated', (_, identity, message) => {
    const said = refusal(identity)
    expect(said).toContain(message)
    for (const key of Object.values(identity)) expect(said).not.toContain(key)
  })

  it('is looked at even where other settings are wrong', () => {
    const said = refusal({ privateKey: 'hello' }, { table: '' })
    expect(said).toContain('table: ')
    expect(said).toContain('identity.privateKey: ')
  })
})

describe('a deployment by its URL', () => {
  it('is known by one form of it', () => {
    const deployments = [{ url: 'HTTP://Orders:9080/v7/' }, { url: 'https://orders' }]
    const env = { FERMATA_CONFIG: JSON.stringify({ store: 'memory', deployments }) }
    expect(loadConfig(env).deployments).toEqual([
      { address: 'http://orders:9080/v7' },
      { address: 'https://orders' },
    ])
  })
})
