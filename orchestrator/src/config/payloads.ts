import * as v from 'valibot'
import type { AwsConfig, PayloadsConfig } from './config-type.ts'
import type { Mistake } from './mistake.ts'

const text = v.pipe(v.string('expected a text'), v.nonEmpty('expected a text that is not empty'))
const limit = v.pipe(
  v.number('expected a number of bytes'),
  v.integer('expected a whole number'),
  v.minValue(1_024, 'expected at least 1024'),
  v.maxValue(300_000, 'expected at most 300000: no segment of a journal holds more'),
)

/** The document's section. No message here may repeat a key. */
export const payloadsSchema = v.object({
  limitBytes: v.optional(limit, 256 * 1024),
  blobs: v.optional(
    v.object({
      kind: v.picklist(['s3', 'files'], 'expected "s3" or "files"'),
      bucket: v.optional(text),
      prefix: v.optional(
        v.pipe(
          v.string(),
          v.regex(/^[A-Za-z0-9_./-]*$/, 'expected letters, digits, "_", ".", "-" and "/"'),
        ),
      ),
      region: v.optional(text),
      endpoint: v.optional(text),
      directory: v.optional(text),
    }),
  ),
  encryption: v.optional(v.object({ current: text, keys: v.record(text, text) })),
})

type PayloadsDocument = v.InferOutput<typeof payloadsSchema>
type BlobsDocument = NonNullable<PayloadsDocument['blobs']>
type Environment = Readonly<Record<string, string | undefined>>

const keyBytes = 32
const fromEnvironment = /^env:(\w+)$/

/** What becomes of stored values, or what is wrong with it. A key may name a variable that holds it: `env:NAME`. */
export function readPayloads(
  { limitBytes, blobs, encryption }: PayloadsDocument,
  env: Environment,
  aws: AwsConfig,
): { readonly payloads: PayloadsConfig; readonly mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = []
  const keys: Record<string, string> = {}
  for (const [id, given] of Object.entries(encryption?.keys ?? {})) {
    const key = keyOf(given, env)
    if ('problem' in key) {
      mistakes.push({ path: `payloads.encryption.keys.${id}`, message: key.problem })
    } else keys[id] = key.text
  }
  if (encryption !== undefined && !Object.hasOwn(encryption.keys, encryption.current)) {
    const message = 'expected the id of one of the keys'
    mistakes.push({ path: 'payloads.encryption.current', message })
  }
  mistakes.push(...(blobs === undefined ? [] : blobMistakes(blobs)))
  const payloads = {
    limitBytes,
    blobs: blobs === undefined ? undefined : channelOf(blobs, env, aws),
    encryption: encryption === undefined ? undefined : { current: encryption.current, keys },
  }
  return { payloads, mistakes }
}

function keyOf(given: string, env: Environment): { text: string } | { problem: string } {
  const [, variable] = fromEnvironment.exec(given) ?? []
  const text = variable === undefined ? given : env[variable]
  if (!text) return { problem: `the variable ${variable} is not set` }
  const bytes = Buffer.from(text, 'base64').byteLength
  if (bytes === keyBytes) return { text }
  return {
    problem: `expected ${keyBytes} bytes as base64 (openssl rand -base64 32), or "env:NAME"; got ${bytes}`,
  }
}

function blobMistakes({ kind, bucket, directory }: BlobsDocument): readonly Mistake[] {
  if (kind === 's3' && bucket === undefined) {
    return [{ path: 'payloads.blobs.bucket', message: 'is missing' }]
  }
  if (kind === 'files' && directory === undefined) {
    return [{ path: 'payloads.blobs.directory', message: 'is missing' }]
  }
  return []
}

function channelOf(
  blobs: BlobsDocument,
  env: Environment,
  aws: AwsConfig,
): PayloadsConfig['blobs'] {
  const { kind, bucket = '', prefix = '', region = aws.region, directory = '' } = blobs
  if (kind === 'files') return { kind, directory }
  const endpoint = blobs.endpoint ?? (env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'])
  return { kind, bucket, prefix, region, ...(endpoint ? { endpoint } : {}) }
}
