import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { TerminalError } from '../../../lambda-runtime/src/errors.ts'
import { validateInput } from '../../../lambda-runtime/src/schema.ts'
import type { Schema, SchemaIssue } from '../../../lambda-runtime/src/types/schema.ts'

const issuing = (...issues: readonly SchemaIssue[]): Schema => ({
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) },
})

describe('the input of a handler with a schema', () => {
  it('is what the schema gives out, with zod', async () => {
    const schema = z.object({ at: z.string().transform(Number), note: z.string().default('none') })
    expect(await validateInput(schema, { at: '7' })).toEqual({ at: 7, note: 'none' })
  })

  it('is what the schema gives out, with valibot and asynchronous checks', async () => {
    const schema = v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== ''),
      v.transform((text) => text.length),
    )
    expect(await validateInput(schema, 'four')).toBe(4)
  })

  it('is refused for good, with each thing wrong and its place', async () => {
    const schema = z.object({ items: z.array(z.object({ sku: z.string() })), to: z.string() })
    const error: unknown = await validateInput(schema, { items: [{ sku: 'a' }, {}] }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'input-invalid', status: 400 })
    expect(error).toHaveProperty('message', expect.stringMatching(/^The input is not valid: /))
    expect(error).toHaveProperty('message', expect.stringContaining('items[1].sku: '))
    expect(error).toHaveProperty('message', expect.stringContaining('; to: '))
  })

  it.each<[string, Schema, string]>([
    ['an issue of the whole', issuing({ message: 'wrong' }), 'The input is not valid: wrong'],
    [
      'an issue without path',
      issuing({ message: 'odd', path: undefined }),
      'The input is not valid: odd',
    ],
    [
      'segments that are objects',
      issuing({ message: 'no', path: [{ key: 'a' }, 0, { key: 'b' }] }),
      'The input is not valid: a[0].b: no',
    ],
    [
      'a symbol as key',
      issuing({ message: 'no', path: [Symbol('s')] }),
      'The input is not valid: Symbol(s): no',
    ],
    ['no issue at all', issuing(), 'The input is not valid: its schema refuses it'],
  ])('is refused with a clear message for %s', async (_, schema, message) => {
    await expect(validateInput(schema, 1)).rejects.toMatchObject({ message, status: 400 })
  })
})
