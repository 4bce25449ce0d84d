import { TerminalError } from './errors.ts'
import type { Schema, SchemaIssue } from './types/schema.ts'

/**
 * The value as the schema gives it out, which may differ from what it took in.
 *
 * @throws TerminalError `input-invalid` (status 400) that names each thing wrong and where it is
 */
export async function validateInput(schema: Schema, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const problems = result.issues.map(describeIssue).join('; ')
  throw new TerminalError(`The input is not valid: ${problems || 'its schema refuses it'}`, {
    code: 'input-invalid',
    status: 400,
  })
}

function describeIssue({ message, path = [] }: SchemaIssue): string {
  const place = path.map(keyOf).reduce<string>(join, '')
  return place === '' ? message : `${place}: ${message}`
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey {
  return typeof segment === 'object' ? segment.key : segment
}

function join(place: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${place}[${key}]`
  return place === '' ? String(key) : `${place}.${String(key)}`
}
