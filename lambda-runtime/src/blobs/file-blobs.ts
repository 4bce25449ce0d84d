import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobStore } from './blob-store.ts'

/** Blobs as files below `directory`: for development, where functions and orchestrator share a disk. */
export class FileBlobs implements BlobStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** A name shows a whole file or none: it is written under another one and moved. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key)
    const unfinished = `${path}.${randomBytes(6).toString('hex')}`
    await mkdir(dirname(path), { recursive: true })
    try {
      await writeFile(unfinished, bytes, { flush: true })
      await rename(unfinished, path)
    } catch (error) {
      await rm(unfinished, { force: true })
      throw error
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await unlessMissing(readFile(this.#pathOf(key)))) ?? undefined
  }

  async touch(key: string): Promise<boolean> {
    const now = new Date()
    const touched = utimes(this.#pathOf(key), now, now).then(() => true)
    return (await unlessMissing(touched)) ?? false
  }

  #pathOf(key: string): string {
    return join(this.#directory, key)
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
