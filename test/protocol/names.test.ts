import { describe, expect, it } from 'vitest'
import {
  isName,
  maxNameBytes,
  maxStateNamesBytes,
  type StateCell,
  stateNameBytes,
} from '../../lambda-runtime/src/protocol/index.ts'
import { stateKey } from '../../lambda-runtime/src/table/index.ts'
import { fillingNames } from '../support/state-names.ts'

describe('a name', () => {
  it('is text that can be part of a sort key, however it is written there', () => {
    const longest = '§'.repeat(maxNameBytes / 2)
    expect(isName(longest)).toBe(true)
    expect(Buffer.byteLength(stateKey(longest, 999_999_999_999))).toBeLessThanOrEqual(1_024)
    for (const none of ['', `${longest}x`, '\ud800', 7, undefined]) expect(isName(none)).toBe(false)
  })
})

describe('the room for names', () => {
  it('counts all that stands in the head for a value that is stored elsewhere', () => {
    for (const name of ['a', 'ключ', '"\u0000\\', 'x'.repeat(maxNameBytes)]) {
      const cell: StateCell = { name, slot: 999_999_999_999, bytes: 999_999_999 }
      expect(stateNameBytes(name)).toBe(Buffer.byteLength(`${JSON.stringify(cell)},`))
    }
  })

  it('is enough for thousands', () => {
    const names = fillingNames()
    expect(names.length).toBeGreaterThan(4_000)
    expect(names.every(isName)).toBe(true)
    expect(names.reduce((sum, name) => sum + stateNameBytes(name), 0)).toBe(maxStateNamesBytes)
  })
})
