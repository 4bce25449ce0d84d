/** Bytes of UTF-8: names are part of sort keys, where each byte may take three. */
export const maxNameBytes = 256

/** Whether values of a state, signals and promises can be called so. */
export function isName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    Buffer.byteLength(name) <= maxNameBytes &&
    Buffer.from(name).toString() === name
  )
}

/** So much may the names of one key's state take together: they stand in one item of the table, beside little else. */
export const maxStateNamesBytes = 350 * 1024

/** What stands beside a name, at most: where its value is, and how long. */
const placeBytes = 48

/** What a name takes of {@link maxStateNamesBytes}. */
export function stateNameBytes(name: string): number {
  return Buffer.byteLength(JSON.stringify(name)) + placeBytes
}
