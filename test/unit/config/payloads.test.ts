import { randomBytes } from 'node:crypto'
import { loadConfig } from '@fermata/orchestrator'
import { describe, expect, it } from 'vitest'

const k1 = randomBytes(32).toString('base64')

function load(payloads: object, env: Readonly<Record<string, string>> = {}) {
  const FERMATA_CONFIG = JSON.stringify({ payloads })
  return loadConfig({ AWS_REGION: 'eu-west-1', FERMATA_CONFIG, ...env })
}

function refusal(payloads: object, env: Readonly<Record<string, string>> = {}): string {
  try {
    load(payloads, env)
    return 'taken'
  } catch (error) {
    return String(error)
  }
}

describe('where large values go', () => {
  it('is a bucket in the region of all else, unless it is elsewhere', () => {
    const blobs = { kind: 's3', bucket: 'payloads' }
    expect(load({ blobs }).payloads.blobs).toEqual({
      kind: 's3',
      bucket: 'payloads',
      prefix: '',
      region: 'eu-west-1',
    })
    const elsewhere = { ...blobs, prefix: 'a/', region: 'us-east-1', endpoint: 'http://s3' }
    expect(load({ blobs: elsewhere }).payloads.blobs).toEqual(elsewhere)
  })

  it('is where the standard variables say', () => {
    const blobs = { kind: 's3', bucket: 'payloads' }
    const all = { AWS_ENDPOINT_URL: 'http://all' }
    const own = { ...all, AWS_ENDPOINT_URL_S3: 'http://s3' }
    expect(load({ blobs }, all).payloads.blobs).toMatchObject({ endpoint: 'http://all' })
    expect(load({ blobs }, own).payloads.blobs).toMatchObject({ endpoint: 'http://s3' })
  })

  it('is a directory for development', () => {
    const blobs = { kind: 'files', directory: '/tmp/payloads' }
    expect(load({ blobs }).payloads.blobs).toEqual(blobs)
  })

  it('raises what a request may bring, unless that is said', () => {
    const blobs = { kind: 'files', directory: '/tmp/payloads' }
    expect(load({}).ingress.maxBodyBytes).toBe(250 * 1024)
    expect(load({ blobs }).ingress.maxBodyBytes).toBe(32 * 1024 * 1024)
    const said = { FERMATA_INGRESS_MAX_BODY_BYTES: '1000' }
    expect(load({ blobs }, said).ingress.maxBodyBytes).toBe(1_000)
  })

  it.each([
    [{ blobs: { kind: 's3' } }, 'payloads.blobs.bucket: is missing'],
    [{ blobs: { kind: 'files' } }, 'payloads.blobs.directory: is missing'],
    [{ blobs: { kind: 'ftp' } }, 'payloads.blobs.kind: expected "s3" or "files"'],
    [{ blobs: { kind: 's3', bucket: 'b', prefix: 'a b' } }, 'payloads.blobs.prefix: expected'],
    [{ limitBytes: 400_000 }, 'payloads.limitBytes: expected at most 300000'],
    [{ limitBytes: 1 }, 'payloads.limitBytes: expected at least 1024'],
    [{ blob: {} }, 'payloads.blob: there is no such setting; did you mean "blobs"?'],
  ])('is refused when it is %j', (payloads, message) => {
    expect(refusal(payloads)).toContain(message)
  })
})

describe('the keys that seal', () => {
  it('stand in the document, or in variables that it names', () => {
    const keys = { old: k1, new: 'env:PAYLOAD_KEY' }
    const { payloads } = load({ encryption: { current: 'new', keys } }, { PAYLOAD_KEY: k1 })
    expect(payloads.encryption).toEqual({ current: 'new', keys: { old: k1, new: k1 } })
  })

  it.each([
    ['another', { a: k1 }, 'payloads.encryption.current: expected the id of one of the keys'],
    ['a', { a: 'env:NOWHERE' }, 'payloads.encryption.keys.a: the variable NOWHERE is not set'],
    ['a', { a: k1.slice(8) }, 'payloads.encryption.keys.a: expected 32 bytes as base64'],
  ])('are refused, and not repeated: current %s of %j', (current, keys, message) => {
    const refused = refusal({ encryption: { current, keys } })
    expect(refused).toContain(message)
    expect(refused).not.toContain(k1.slice(8))
  })
})
