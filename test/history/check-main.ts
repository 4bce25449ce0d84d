import { readFile } from 'node:fs/promises'
import { commandLine, refuse } from '../support/command-line.ts'
import { Ledger } from './ledger.ts'
import { decodeHistory, describeEvent } from './lines.ts'

// Holds a recorded history against the invariants once more, and shows what happened to whom.
const { values, positionals } = commandLine({
  allowPositionals: true,
  options: {
    /** Only events that name this. */
    of: { type: 'string' },
  },
})
const [file] = positionals
if (file === undefined) refuse('Name the file of a history')
const ledger = new Ledger()
const events = decodeHistory(await readFile(file, 'utf8'))
const found: string[] = []
for (const event of events) {
  const line = describeEvent(event)
  if (line.includes(values.of ?? '')) console.log(line)
  for (const violation of ledger.take(event)) {
    found.push(violation)
    console.log(`              ^^^ ${violation}`)
  }
}
found.push(...ledger.atRest())
console.log([`${events.length} events`, ...found].join('\n'))
process.exitCode = found.length > 0 ? 1 : 0
