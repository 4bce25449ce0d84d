import { createHash, randomBytes } from 'node:crypto'
import type { BlobStore } from '@fermata/lambda-runtime/payload'
import { describe, expect, test } from 'vitest'

/** A store under test, with what a test must see that the port does not show. */
export type BlobsUnderTest = {
  readonly blobs: BlobStore
  /** Epoch ms from which whatever deletes old blobs counts. */
  ageOf(key: string): Promise<number>
  /** Lets so much time pass that two ages can be told apart. */
  moment(): Promise<void>
}

export function freshKey(bytes: Uint8Array): string {
  return `journal/orders/${createHash('sha256').update(bytes).digest('hex')}`
}

/** What every blob store does. */
export function describeBlobStore(name: string, underTest: () => BlobsUnderTest): void {
  describe(name, () => {
    test('gives back what was put, byte for byte', async () => {
      const { blobs } = underTest()
      const bytes = randomBytes(300_000)
      await blobs.put(freshKey(bytes), bytes)
      expect(Buffer.from((await blobs.get(freshKey(bytes))) ?? '').equals(bytes)).toBe(true)
    })

    test('takes nothing at all, and megabytes', async () => {
      const { blobs } = underTest()
      for (const size of [0, 6_000_000]) {
        const bytes = randomBytes(size)
        await blobs.put(freshKey(bytes), bytes)
        expect((await blobs.get(freshKey(bytes)))?.byteLength).toBe(size)
      }
    })

    test('keeps a view of a larger buffer as what it shows', async () => {
      const { blobs } = underTest()
      const view = randomBytes(100).subarray(40, 60)
      await blobs.put(freshKey(view), view)
      expect(Buffer.from((await blobs.get(freshKey(view))) ?? '').equals(view)).toBe(true)
    })

    test('takes the same blob again, also at the same time', async () => {
      const { blobs } = underTest()
      const bytes = randomBytes(1_000)
      const key = freshKey(bytes)
      await Promise.all([blobs.put(key, bytes), blobs.put(key, bytes), blobs.put(key, bytes)])
      await blobs.put(key, bytes)
      expect((await blobs.get(key))?.byteLength).toBe(1_000)
    })

    test('says that a blob is not there', async () => {
      const { blobs } = underTest()
      expect(await blobs.get(freshKey(randomBytes(8)))).toBeUndefined()
    })

    test('makes a touched blob as young as a new one, and leaves what it holds', async () => {
      const { blobs, ageOf, moment } = underTest()
      const bytes = randomBytes(1_000)
      const key = freshKey(bytes)
      await blobs.put(key, bytes)
      const before = await ageOf(key)
      await moment()
      expect(await blobs.touch(key)).toBe(true)
      expect(await ageOf(key)).toBeGreaterThan(before)
      expect(Buffer.from((await blobs.get(key)) ?? '').equals(bytes)).toBe(true)
    })

    test('says that there is nothing to touch, and makes nothing', async () => {
      const { blobs } = underTest()
      const key = freshKey(randomBytes(8))
      expect(await blobs.touch(key)).toBe(false)
      expect(await blobs.get(key)).toBeUndefined()
    })
  })
}
