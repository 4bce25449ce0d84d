import { sign } from 'aws4'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signRequest } from '../../../lambda-runtime/src/table/sign-request.ts'

const text = fc.string({ minLength: 1, unit: 'grapheme-ascii' }).map((s) => `a${s.trim()}z`)
const word = fc.stringMatching(/^[A-Za-z0-9/+=]{1,40}$/)

test('signs as another implementation does, whatever is signed', () => {
  fc.assert(
    fc.property(
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
      ({ host, path, region, body, operation, date, ...keys }) => {
        const { sessionToken, ...required } = keys
        const credentials = { ...required, ...(sessionToken === undefined ? {} : { sessionToken }) }
        const headers = {
          'content-type': 'application/x-amz-json-1.0',
          // The other one would sign it unasked.
          'content-length': String(Buffer.byteLength(body)),
          'x-amz-target': operation,
        }
        const url = new URL(path, `https://${host}`)

        const ours = signRequest({ url, region, headers, body }, credentials, date)

        const theirs = sign(
          {
            service: 'dynamodb',
            region,
            method: 'POST',
            host,
            path,
            body,
            headers: { ...headers, 'x-amz-date': String(ours['x-amz-date']) },
          },
          credentials,
        )
        expect(ours['authorization']).toBe(theirs.headers?.['Authorization'])
      },
    ),
  )
})
