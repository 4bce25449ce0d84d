import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import { PayloadError } from '../errors.ts'
import type { BlobChannel } from '../protocol/index.ts'
import type { Credentials } from '../table/environment.ts'
import type { BlobStore } from './blob-store.ts'

export type S3BlobsOptions = {
  readonly channel: Extract<BlobChannel, { kind: 's3' }>
  /** Asked at each request: credentials rotate. */
  readonly credentials: () => Credentials | Promise<Credentials>
  readonly fetch?: typeof fetch
  /** Longest wait for one answer, in ms. */
  readonly requestTimeoutMs?: number
  readonly maxTries?: number
}

type Method = 'GET' | 'PUT'
type S3Request = {
  readonly method: Method
  readonly key: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer>
}
type S3Answer = { readonly status: number; readonly bytes: Uint8Array }

const firstBackoffMs = 50
const maxBackoffMs = 2_000

/** Blobs as objects of a bucket, each request signed and sent without an AWS client. */
export class S3Blobs implements BlobStore {
  readonly #options: S3BlobsOptions
  readonly #signingKeys = new Map<string, ArrayBuffer>()

  constructor(options: S3BlobsOptions) {
    this.#options = options
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' }
    await this.#send({ method: 'PUT', key, headers, body: new Uint8Array(bytes) })
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#send({ method: 'GET', key }))?.bytes
  }

  /** A copy onto itself is a new object to a lifecycle rule; S3 wants something to be replaced by it. */
  async touch(key: string): Promise<boolean> {
    const { bucket, prefix } = this.#options.channel
    const headers = {
      'x-amz-copy-source': `/${bucket}/${prefix}${key}`,
      'x-amz-metadata-directive': 'REPLACE',
      'content-type': 'application/octet-stream',
    }
    return (await this.#send({ method: 'PUT', key, headers })) !== undefined
  }

  /** All requests stand being repeated. `undefined`: there is no such object. @throws PayloadError */
  async #send(request: S3Request): Promise<S3Answer | undefined> {
    const maxTries = this.#options.maxTries ?? 6
    for (let tries = 1; ; tries++) {
      const answer = await this.#sendOnce(request).catch((cause: unknown) => ({ cause }))
      if ('cause' in answer) {
        if (tries >= maxTries) throw this.#unreachable('did not answer', answer.cause)
      } else if (answer.status < 300 && !isErrorOfCopy(request, answer)) {
        return answer
      } else if (isMissing(answer)) {
        return undefined
      } else if (!isTransient(answer) || tries >= maxTries) {
        throw this.#unreachable(`refused (${answer.status} ${codeOf(answer)})`, undefined)
      }
      const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** tries)
      await sleep(ceiling * (0.5 + Math.random() / 2))
    }
  }

  async #sendOnce({ method, key, headers = {}, body }: S3Request): Promise<S3Answer> {
    const { channel, requestTimeoutMs = 10_000 } = this.#options
    const url = urlOf(channel, key)
    const hash = createHash('sha256')
    const signer = new AwsV4Signer({
      ...(await this.#options.credentials()),
      method,
      url: url.href,
      headers: {
        ...headers,
        'x-amz-content-sha256': hash.update(body ?? '').digest('hex'),
      },
      service: 's3',
      region: channel.region,
      cache: this.#signingKeys,
    })
    const signed = await signer.sign()
    const response = await (this.#options.fetch ?? fetch)(url, {
      method,
      headers: signed.headers,
      body: body ?? null,
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) }
  }

  #unreachable(what: string, cause: unknown): PayloadError {
    const { bucket } = this.#options.channel
    return new PayloadError('blobs-unreachable', `The bucket "${bucket}" ${what}`, { cause })
  }
}

/** A bucket whose name has dots has no certificate of its own; an emulator has no names for buckets. */
function urlOf({ bucket, prefix, region, endpoint }: S3BlobsOptions['channel'], key: string): URL {
  if (endpoint) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${prefix}${key}`)
  const host = `s3.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`
  return bucket.includes('.')
    ? new URL(`https://${host}/${bucket}/${prefix}${key}`)
    : new URL(`https://${bucket}.${host}/${prefix}${key}`)
}

/** The name that S3 gives an error in its XML. */
function codeOf({ bytes }: S3Answer): string {
  const text = Buffer.from(bytes.subarray(0, 2_000)).toString()
  return /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? 'no reason given'
}

/** A copy that fails half-way is answered with 200 and an error in its body. */
function isErrorOfCopy({ body, method }: S3Request, answer: S3Answer): boolean {
  return method === 'PUT' && body === undefined && codeOf(answer) !== 'no reason given'
}

/** A missing bucket is no missing object, and what stands between us and S3 does not know what is there. */
function isMissing(answer: S3Answer): boolean {
  return answer.status === 404 && codeOf(answer) === 'NoSuchKey'
}

const transientCodes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
])

function isTransient(answer: S3Answer): boolean {
  return answer.status >= 500 || answer.status === 429 || transientCodes.has(codeOf(answer))
}
