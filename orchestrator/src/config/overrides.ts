import type * as v from 'valibot'
import { closestName } from './did-you-mean.ts'
import type { Mistake } from './mistake.ts'
import { anyName, type Setting, settingsOf, shapeOf } from './schema-walk.ts'

/** One setting taken from the environment. */
export type Override = {
  readonly variable: string
  readonly path: readonly string[]
  readonly value: unknown
}

export type Overrides = {
  readonly overrides: readonly Override[]
  readonly mistakes: readonly Mistake[]
}

const prefix = 'FERMATA_'
/** Names the document itself. */
export const documentVariable = 'FERMATA_CONFIG'

/**
 * Settings from variables: `FERMATA_` and the path in upper case, `agenda.leaseMs` is `FERMATA_AGENDA_LEASE_MS`,
 * `kafka.main.brokers` is `FERMATA_KAFKA_MAIN_BROKERS`. Lists are separated by commas; empty counts as unset.
 *
 * A name that is close to one of ours is a slip, and a mistake. Others are left alone: platforms set variables by
 * the names of services (`FERMATA_SERVICE_HOST`).
 */
export function readOverrides(
  schema: v.GenericSchema,
  env: Readonly<Record<string, string | undefined>>,
  recordNames: (path: readonly string[]) => readonly string[],
): Overrides {
  const settings = settingsOf(schema)
  const known = [documentVariable, ...settings.map(({ path }) => variableOf(path))].map(bare)
  const overrides: Override[] = []
  const mistakes: Mistake[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || variable === documentVariable || !text) continue
    const found = findSetting(settings, variable, recordNames)
    if (found !== undefined) {
      overrides.push({ variable, path: found.path, value: coerce(found.schema, text) })
      continue
    }
    const meant = closestName(bare(variable), known)
    if (meant === undefined) continue
    mistakes.push({
      path: variable,
      message: `there is no such variable; did you mean ${prefix}${meant}?`,
    })
  }
  return { overrides, mistakes }
}

/** What is left to compare: with the prefix, all names would be alike. */
const bare = (variable: string): string => variable.slice(prefix.length)

/** `['agenda', 'leaseMs']` → `FERMATA_AGENDA_LEASE_MS`. */
function variableOf(path: readonly string[]): string {
  return prefix + path.map(upperSnake).join('_')
}

function upperSnake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase()
}

function findSetting(
  settings: readonly Setting[],
  variable: string,
  recordNames: (path: readonly string[]) => readonly string[],
): Setting | undefined {
  for (const { path, schema } of settings) {
    const star = path.indexOf(anyName)
    if (star < 0 && variableOf(path) === variable) return { path, schema }
    if (star < 0) continue
    const before = path.slice(0, star)
    const after = path.slice(star + 1)
    const head = `${variableOf(before)}_`
    const tail = `_${after.map(upperSnake).join('_')}`
    const middle = variable.slice(head.length, -tail.length)
    if (!variable.startsWith(head) || !variable.endsWith(tail) || middle === '') continue
    const name = recordNames(before).find((known) => upperSnake(known) === middle)
    return { path: [...before, name ?? nameFrom(middle), ...after], schema }
  }
  return undefined
}

const nameFrom = (middle: string): string => middle.toLowerCase().replaceAll('_', '-')

/** Text as the schema's kind wants it. What does not fit stays text, for the schema to complain of. */
function coerce(schema: v.GenericSchema, text: string): unknown {
  const shape = shapeOf(schema)
  if (shape.kind === 'array') return text.split(',').map((part) => part.trim())
  const type = shape.kind === 'leaf' ? shape.type : ''
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  const numeric = /^-?\d+(\.\d+)?$/.test(text.trim())
  return numeric && (type === 'number' || type === 'union') ? Number(text) : text
}
