import { createSigner } from '@fermata/orchestrator/adapters/http-invoker/signer'
import { expect, it } from 'vitest'
import { createPair } from '../http-transport/set-up.ts'
import { setUp } from './set-up.ts'

it('the admin API says that requests are not signed', async () => {
  const { admin } = await setUp()
  expect(await admin('GET', '/identity')).toMatchObject({
    status: 200,
    json: { algorithm: 'none' },
  })
})

it('the admin API shows the public key that servers are to trust, and nothing else', async () => {
  const { privateKey, publicKey } = createPair()
  const signer = createSigner({ kind: 'ed25519', privateKey }, Date.now)
  const { admin } = await setUp({ identity: () => signer.view() })
  const { json, text } = await admin('GET', '/identity')
  expect(json).toEqual({
    algorithm: 'EdDSA',
    keyId: expect.stringMatching(/^[\w-]{43}$/),
    pem: publicKey,
    jwk: { kty: 'OKP', crv: 'Ed25519', x: expect.any(String) },
  })
  expect(text).not.toContain('PRIVATE')
})

it('the admin API keeps a shared secret to itself', async () => {
  const secret = 'a secret that two sides share, and nobody else'
  const signer = createSigner({ kind: 'hmac', secret }, Date.now)
  const { admin } = await setUp({ identity: () => signer.view() })
  const { json } = await admin('GET', '/identity')
  expect(json).toEqual({ algorithm: 'HS256', keyId: expect.stringMatching(/^[\w-]{43}$/) })
})
