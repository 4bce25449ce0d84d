import { createHash, createHmac } from 'node:crypto'
import type { Credentials } from './environment.ts'

export type RequestToSign = {
  readonly url: URL
  readonly region: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const service = 'dynamodb'
const algorithm = 'AWS4-HMAC-SHA256'

/**
 * Signs a POST by AWS Signature Version 4 and answers all its headers but `host`, which `fetch` sets itself.
 * Written out because the signing packages for Node are CommonJS: bundled into an ES module, as handlers
 * often are, they fail at run time on their own `require`.
 */
export function signRequest(
  { url, region, headers, body }: RequestToSign,
  credentials: Credentials,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = [time.slice(0, 8), region, service, 'aws4_request']
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const sent = {
    ...headers,
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const signed = Object.entries({ ...sent, host: url.host }).sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    'POST',
    url.pathname.split('/').map(encodeURIComponent).join('/'),
    '',
    ...signed.map(([name, value]) => `${name}:${value.trim()}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const toSign = [algorithm, time, scope.join('/'), sha256(canonical)].join('\n')
  const credential = `Credential=${accessKeyId}/${scope.join('/')}`
  const signature = `Signature=${hmac(key, toSign).toString('hex')}`
  return {
    ...sent,
    authorization: `${algorithm} ${credential}, SignedHeaders=${names}, ${signature}`,
  }
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
