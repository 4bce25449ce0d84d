import { maxNameBytes, maxStateNamesBytes, stateNameBytes } from '@fermata/lambda-runtime/protocol'

/** Names that take up all the room there is for those of one key, to the byte; short ones, so that there are many. */
export function fillingNames(): readonly string[] {
  const names: string[] = []
  let room = maxStateNamesBytes
  for (let n = 0; room >= stateNameBytes('x'.repeat(maxNameBytes)); n++) {
    const name = `customer ${n.toString(36).padStart(6, '0')}`
    names.push(name)
    room -= stateNameBytes(name)
  }
  const last = 'x'.repeat(room - stateNameBytes(''))
  return [...names, last]
}
