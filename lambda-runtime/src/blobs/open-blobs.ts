import type { BlobChannel } from '../protocol/index.ts'
import type { Credentials } from '../table/environment.ts'
import type { BlobStore } from './blob-store.ts'

/** The store that a channel names. What it needs is loaded at its first use: most attempts have no large value. */
export function openBlobs(
  channel: BlobChannel,
  credentials: () => Credentials | Promise<Credentials>,
): BlobStore {
  let opening: Promise<BlobStore> | undefined
  const open = () => {
    opening ??= load(channel, credentials)
    return opening
  }
  return {
    put: async (key, bytes) => (await open()).put(key, bytes),
    get: async (key) => (await open()).get(key),
    touch: async (key) => (await open()).touch(key),
  }
}

async function load(
  channel: BlobChannel,
  credentials: () => Credentials | Promise<Credentials>,
): Promise<BlobStore> {
  if (channel.kind === 's3') {
    const { S3Blobs } = await import('./s3-blobs.ts')
    return new S3Blobs({ channel, credentials })
  }
  const { FileBlobs } = await import('./file-blobs.ts')
  return new FileBlobs(channel.directory)
}
