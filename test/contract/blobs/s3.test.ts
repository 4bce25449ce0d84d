import { randomBytes } from 'node:crypto'
import { openBlobs, PayloadError } from '@fermata/lambda-runtime/payload'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningMinistack, startMinistack } from '../../support/real-parts/ministack.ts'
import { requirePart } from '../../support/real-parts/require-part.ts'
import { describeBlobStore, freshKey } from './blob-store-contract.ts'

const credentials = () => ({ accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 't' })

requirePart('ministack')('S3', () => {
  let ministack: RunningMinistack
  const bucket = 'fermata-payloads'
  const prefix = 'some/where/'

  const open = (name: string) =>
    openBlobs(
      { kind: 's3', bucket: name, prefix, region: 'us-east-1', endpoint: ministack.endpoint },
      credentials,
    )

  beforeAll(async () => {
    ministack = await startMinistack()
    const made = await fetch(`${ministack.endpoint}/${bucket}`, { method: 'PUT' })
    expect(made.status).toBe(200)
  })
  afterAll(() => ministack?.stop())

  const head = (key: string) =>
    fetch(`${ministack.endpoint}/${bucket}/${prefix}${key}`, { method: 'HEAD' })

  describeBlobStore('blobs in a bucket', () => ({
    blobs: open(bucket),
    ageOf: async (key) => Date.parse((await head(key)).headers.get('last-modified') ?? ''),
    // S3 dates objects to the second.
    moment: async () => {
      const second = Math.floor(Date.now() / 1_000)
      while (Math.floor(Date.now() / 1_000) === second) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }))

  test('blobs stand under their prefix', async () => {
    const bytes = randomBytes(10)
    await open(bucket).put(freshKey(bytes), bytes)
    expect((await head(freshKey(bytes))).status).toBe(200)
  })

  test('a bucket that is not there is an error, not a blob that is not there', async () => {
    const nowhere = open('fermata-nowhere')
    const bytes = randomBytes(10)
    const unreachable = expect.objectContaining({ code: 'blobs-unreachable' })
    await expect(nowhere.put(freshKey(bytes), bytes)).rejects.toEqual(unreachable)
    await expect(nowhere.get(freshKey(bytes))).rejects.toThrow(PayloadError)
    await expect(nowhere.get(freshKey(bytes))).rejects.toThrow('NoSuchBucket')
  })
})
