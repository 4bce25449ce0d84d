import { sign } from 'aws4'
import { expect, test } from 'vitest'
import { S3Blobs } from '../../../lambda-runtime/src/blobs/s3-blobs.ts'

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret/+', sessionToken: 'token' }
const key = `journal/orders/${'a'.repeat(64)}`

/** What a store sends for its three operations. */
async function sent(channel: object): Promise<readonly { url: URL; init: RequestInit }[]> {
  const requests: { url: URL; init: RequestInit }[] = []
  const blobs = new S3Blobs({
    channel: { kind: 's3', bucket: 'b', prefix: 'p/', region: 'eu-west-1', ...channel },
    credentials: () => credentials,
    fetch: async (url, init) => {
      requests.push({ url: new URL(String(url)), init: init ?? {} })
      return new Response('')
    },
  })
  await blobs.put(key, Buffer.from('bytes'))
  await blobs.get(key)
  await blobs.touch(key)
  return requests
}

test.each([
  [{}, `https://b.s3.eu-west-1.amazonaws.com/p/${key}`],
  [{ bucket: 'a.b' }, `https://s3.eu-west-1.amazonaws.com/a.b/p/${key}`],
  [{ region: 'cn-north-1' }, `https://b.s3.cn-north-1.amazonaws.com.cn/p/${key}`],
  [{ endpoint: 'http://127.0.0.1:4566/' }, `http://127.0.0.1:4566/b/p/${key}`],
])(
  'requests for %j go to where the bucket is, signed as another implementation does',
  async (channel, url) => {
    const requests = await sent(channel)
    expect(requests.map(({ init }) => init.method)).toEqual(['PUT', 'GET', 'PUT'])
    for (const request of requests) {
      expect(request.url.href).toBe(url)
      const headers = Object.fromEntries(new Headers(request.init.headers))
      const { authorization, ...rest } = headers
      const standard = {
        service: 's3',
        region: 'region' in channel ? String(channel.region) : 'eu-west-1',
        method: request.init.method ?? '',
        host: request.url.host,
        path: request.url.pathname,
        body: request.init.body === null ? '' : Buffer.from('bytes'),
        headers: rest,
        extraHeadersToIgnore: { 'content-length': true, 'content-type': true },
      }
      const theirs = sign(standard, credentials)
      expect(authorization).toBe(theirs.headers?.['Authorization'])
    }
  },
)

test('a copy that fails half-way, with status 200, is tried again', async () => {
  const answers = ['<Error><Code>InternalError</Code></Error>', '<CopyObjectResult/>']
  const blobs = new S3Blobs({
    channel: { kind: 's3', bucket: 'b', prefix: '', region: 'eu-west-1' },
    credentials: () => credentials,
    fetch: async () => new Response(answers.shift()),
  })
  expect(await blobs.touch(key)).toBe(true)
  expect(answers).toEqual([])
})

test.each([
  ['slowed down', () => new Response('<Error><Code>SlowDown</Code></Error>', { status: 503 }), 3],
  ['cut off', () => Promise.reject(new TypeError('fetch failed')), 3],
  ['forbidden', () => new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403 }), 1],
])('a request that is %s is tried as often as that may help', async (_, answer, tries) => {
  let asked = 0
  const blobs = new S3Blobs({
    channel: { kind: 's3', bucket: 'b', prefix: '', region: 'eu-west-1' },
    credentials: () => credentials,
    maxTries: 3,
    fetch: async () => {
      asked += 1
      return answer()
    },
  })
  await expect(blobs.get(key)).rejects.toMatchObject({ code: 'blobs-unreachable' })
  expect(asked).toBe(tries)
})

test('only S3 can say that there is no such blob: another 404 is no answer', async () => {
  const answering = (body: string) =>
    new S3Blobs({
      channel: { kind: 's3', bucket: 'b', prefix: '', region: 'eu-west-1' },
      credentials: () => credentials,
      fetch: async () => new Response(body, { status: 404 }),
    })
  const missing = answering('<Error><Code>NoSuchKey</Code></Error>')
  expect(await missing.get(key)).toBeUndefined()
  expect(await missing.touch(key)).toBe(false)
  const proxy = answering('<html>Not found</html>')
  const unreachable = expect.objectContaining({ code: 'blobs-unreachable' })
  await expect(proxy.put(key, Buffer.from('bytes'))).rejects.toEqual(unreachable)
  await expect(proxy.get(key)).rejects.toEqual(unreachable)
  await expect(proxy.touch(key)).rejects.toEqual(unreachable)
})
