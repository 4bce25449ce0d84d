import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBlobs, openBlobs } from '@fermata/lambda-runtime/payload'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeBlobStore, freshKey } from './blob-store-contract.ts'

let now = 1_000
const memory = new MemoryBlobs(() => now)
describeBlobStore('blobs in memory', () => ({
  blobs: memory,
  ageOf: async (key) => memory.blobs.get(key)?.touchedAt ?? 0,
  moment: async () => {
    now += 1
  },
}))

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fermata-blobs-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const noCredentials = () => Promise.reject(new Error('not needed'))
const files = () => openBlobs({ kind: 'files', directory }, noCredentials)

describeBlobStore('blobs as files', () => ({
  blobs: files(),
  ageOf: async (key) => (await stat(join(directory, key))).mtimeMs,
  moment: async () => {
    const before = Date.now()
    while (Date.now() <= before + 1) await new Promise((resolve) => setImmediate(resolve))
  },
}))

test('blobs as files leave no unfinished ones beside them', async () => {
  const bytes = Buffer.from('finished')
  await files().put(freshKey(bytes), bytes)
  const names = await readdir(join(directory, 'journal', 'orders'))
  expect(names.filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([])
})
