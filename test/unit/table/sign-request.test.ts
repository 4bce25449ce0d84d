import { sign } from 'aws4'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signRequest } from '../../../lambda-runtime/src/table/sign-request.ts'

const text = fc.string({ minLength: 1, unit: 'grapheme-ascii' }).map((s) => `a${s.trim()}z`)
const word = fc.stringMatching(/^[A-Za-z0-9/+=]{1,40}$/)

const noKeys = () => new Map<string, ArrayBuffer>()

test('signs as another implementation does, whatever is signed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        host: fc.constantFrom('dynamodb.eu-west-1.amazonaws.com', '127.0.0.1:8000'),
        path: fc.constantFrom('/', '/some/path'),
        region: fc.constantFrom('eu-west-1', 'us-gov-west-1'),
        body: fc.string({ unit: 'grapheme' }),
        operation: word,
        accessKeyId: word,
        secretAccessKey: text,
        sessionToken: fc.option(word, { nil: undefined }),
        date: fc.date({ min: new Date(0), max: new Date('2999-01-01'), noInvalidDate: true }),
      }),
      async ({ host, path, region, body, operation, date, ...keys }) => {
        const { sessionToken, ...required } = keys
        const credentials = { ...required, ...(sessionToken === undefined ? {} : { sessionToken }) }
        const headers = {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': operation,
        }
        const url = new URL(path, `https://${host}`)

        const request = { url, region, headers, body }
        const ours = await signRequest(request, credentials, date, noKeys())

        const standard = {
          service: 'dynamodb',
          region,
          method: 'POST',
          host,
          path,
          body,
          headers: { ...headers, 'x-amz-date': String(ours.get('x-amz-date')) },
          // Nothing asks that these be signed, and a proxy may change them.
          extraHeadersToIgnore: { 'content-length': true, 'content-type': true },
        }
        const theirs = sign(standard, credentials)

        expect(ours.get('authorization')).toBe(theirs.headers?.['Authorization'])
      },
    ),
  )
})

test('keeps derived keys apart by day, region and secret', async () => {
  const known = noKeys()
  const sign = async (
    [secretAccessKey, region, day]: readonly [string, string, string],
    keys: ReturnType<typeof noKeys>,
  ) => {
    const url = new URL('http://127.0.0.1:8000')
    const credentials = { accessKeyId: 'A', secretAccessKey }
    const request = { url, region, headers: {}, body: '{}' }
    const headers = await signRequest(request, credentials, new Date(day), keys)
    return headers.get('authorization')
  }
  const requests = [
    ['secret', 'eu-west-1', '2026-01-01T23:59:59Z'],
    ['secret', 'eu-west-1', '2026-01-02T00:00:00Z'],
    ['secret', 'us-east-1', '2026-01-02T00:00:00Z'],
    ['rotated', 'us-east-1', '2026-01-02T00:00:00Z'],
  ] as const
  for (const request of requests) await sign(request, known)

  for (const request of requests) {
    expect(await sign(request, known)).toBe(await sign(request, noKeys()))
  }
  expect(known.size).toBe(requests.length)
})
