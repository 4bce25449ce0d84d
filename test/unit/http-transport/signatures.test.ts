import { generateKeyPairSync } from 'node:crypto'
import type { IdentityOptions } from '@fermata/lambda-runtime/http'
import { createSigner } from '@fermata/orchestrator/adapters/http-invoker/signer'
import { SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createPair, greeter, onStage, post, requestTo, url } from './set-up.ts'

const header = 'x-fermata-signature'
const [pair, other] = [createPair(), createPair()]
const secret = 'a secret that two sides share, and nobody else'
const start = Date.parse('2026-01-01T00:00:00Z')
const body = JSON.stringify(requestTo('greeter/greet', 60_000, 'Ada'))

const signerOf = ({ privateKey }: { readonly privateKey: string }, now = start) =>
  createSigner({ kind: 'ed25519', privateKey }, () => now)

const sign = (signer = signerOf(pair), { to = url, path = '/invoke', of = body } = {}) =>
  signer.sign(to, path, Buffer.from(of))

/** What a server that trusts these says to a request with this signature. */
async function said(
  identity: IdentityOptions,
  signature: string | undefined,
  now = start,
): Promise<string> {
  const { fetch } = onStage([greeter], { identity }, () => now)
  const response = await fetch(post(body, signature === undefined ? {} : { [header]: signature }))
  if (response.status === 200) return 'ok'
  const { code, detail } = (await response.json()) as { code: string; detail: string }
  expect(response.status).toBe(401)
  return `${code}: ${detail}`
}

const trusting = (...pairs: readonly { readonly publicKey: string }[]): IdentityOptions => ({
  publicKeys: pairs.map(({ publicKey }) => publicKey),
})

describe('handlers that take signed requests only', () => {
  it('take what their orchestrator signed', async () => {
    expect(await said(trusting(pair), await sign())).toBe('ok')
  })

  it('take what is signed with a shared secret', async () => {
    const signer = createSigner({ kind: 'hmac', secret }, () => start)
    expect(await said({ secrets: [secret] }, await sign(signer))).toBe('ok')
    const wrong = createSigner({ kind: 'hmac', secret: `${secret}!` }, () => start)
    expect(await said({ secrets: [secret] }, await sign(wrong))).toContain('signature-invalid')
  })

  it('trust a key as JWK, as the admin API shows it', async () => {
    const view = await signerOf(pair).view()
    expect(view).toMatchObject({ algorithm: 'EdDSA', pem: pair.publicKey })
    const jwk = JSON.stringify('jwk' in view ? view.jwk : undefined)
    expect(await said({ publicKeys: [jwk] }, await sign())).toBe('ok')
    expect(jwk).not.toContain('"d"')
  })

  it('trust the old key and the new one while they are rotated', async () => {
    const both = trusting(pair, other)
    expect(await said(both, await sign(signerOf(pair)))).toBe('ok')
    expect(await said(both, await sign(signerOf(other)))).toBe('ok')
    expect(await said(trusting(other), await sign(signerOf(pair)))).toContain('none of the keys')
  })

  it('answer nothing to those who do not sign, but that they are there', async () => {
    expect(await said(trusting(pair), undefined)).toContain('signature-missing')
    expect(await said(trusting(pair), '')).toContain('signature-missing')
    const { fetch } = onStage([greeter], { identity: trusting(pair) })
    expect((await fetch(new Request(`${url}/discover`))).status).toBe(401)
    expect((await fetch(new Request(`${url}/health`))).status).toBe(200)
  })

  it('say what they serve to a signed question', async () => {
    const { fetch } = onStage([greeter], { identity: trusting(pair) }, () => start)
    const signature = await sign(signerOf(pair), { path: '/discover', of: '' })
    const request = new Request(`${url}/discover`, { headers: { [header]: signature } })
    expect((await fetch(request)).status).toBe(200)
  })

  it.each([
    ['another body', { of: body.replace('Ada', 'Eve') }],
    ['another path', { path: '/discover' }],
  ])('take no signature that is for %s', async (what, options) => {
    expect(await said(trusting(pair), await sign(signerOf(pair), options))).toContain(what)
  })

  it('take no request that was meant for another deployment, where they know their own URL', async () => {
    const elsewhere = await sign(signerOf(pair), { to: 'http://elsewhere.test' })
    expect(await said({ ...trusting(pair), audience: url }, elsewhere)).toContain('"aud"')
    expect(await said({ ...trusting(pair), audience: ['http://x.test', url] }, await sign())).toBe(
      'ok',
    )
  })

  it('take no request again after its time, nor long before it', async () => {
    const signature = await sign()
    const at = (ms: number) => said(trusting(pair), signature, start + ms)
    expect(await at(59_000)).toBe('ok')
    expect(await at(64_000)).toBe('ok')
    expect(await at(66_000)).toContain('signature-invalid')
    expect(await at(-4_000)).toBe('ok')
    expect(await at(-6_000)).toContain('signature-invalid')
    const strict = { ...trusting(pair), clockToleranceMs: 0 }
    expect(await said(strict, signature, start + 61_000)).toContain('signature-invalid')
  })

  it.each(['nonsense', 'a.b.c', '…', `${'e30'}.e30.`])(
    'survive %s for a signature',
    async (signature) => {
      const { fetch } = onStage([greeter], { identity: trusting(pair) })
      const request = post(body, { [header]: encodeURIComponent(signature) })
      expect((await fetch(request)).status).toBe(401)
    },
  )

  it('do not let the message choose its algorithm', async () => {
    const { payload, kid } = await partsOf(await sign())
    const none = new UnsecuredJWT(payload).encode()
    expect(await said(trusting(pair), none)).toContain('signature-invalid')
    // A public key taken for a secret, as its text is known to all.
    const forged = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(Buffer.from(pair.publicKey))
    expect(await said(trusting(pair), forged)).toContain('signature-invalid')
  })

  it.each([
    ['a private key', pair.privateKey],
    ['a key of another kind', keyOfAnotherKind()],
  ])('do not start with %s among those they trust', (_, key) => {
    const start = () => onStage([greeter], { identity: { publicKeys: [key] } })
    expect(start).toThrow(expect.objectContaining({ code: 'option-invalid' }))
    expect(start).not.toThrow(key)
  })
})

async function partsOf(signature: string) {
  const [head = '', claims = ''] = signature.split('.')
  const json = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { kid: json(head).kid as string, payload: json(claims) as Record<string, string> }
}

/** For key agreement: it signs nothing. */
function keyOfAnotherKind(): string {
  const { publicKey } = generateKeyPairSync('x25519')
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}
