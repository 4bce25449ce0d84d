/** Makes the settings of the next key: `node examples/encrypted/keys.ts 2026-07 [the settings so far]`. */
import { randomBytes } from 'node:crypto'

export interface Keys {
  readonly current: string
  readonly keys: Readonly<Record<string, string>>
}

/**
 * Two steps, because not all parts of a system change at once: `announce` is for all of them first, and `use` when
 * every one has it.
 */
export function rotate(before: Keys | undefined, id: string): { announce: Keys; use: Keys } {
  const keys = { ...before?.keys, [id]: randomBytes(32).toString('base64') }
  return { announce: { current: before?.current ?? id, keys }, use: { current: id, keys } }
}

if (import.meta.main) {
  const [, , id = 'first', before] = process.argv
  console.log(JSON.stringify(rotate(before === undefined ? undefined : JSON.parse(before), id)))
}
