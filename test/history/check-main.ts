import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { Ledger } from './ledger.ts'
import { decodeHistory, describeEvent } from './lines.ts'

// Holds a recorded history against the invariants once more, and shows what happened to whom.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Only events that name this. */
    of: { type: 'string' },
  },
})
const [file] = positionals
if (file === undefined) throw new Error('Name the file of a history')
const ledger = new Ledger()
const events = decodeHistory(await readFile(file, 'utf8'))
for (const event of events) {
  const line = describeEvent(event)
  if (line.includes(values.of ?? '')) console.log(line)
  for (const violation of ledger.take(event)) console.log(`              ^^^ ${violation}`)
}
const left = ledger.atRest()
console.log([`${events.length} events`, ...left].join('\n'))
process.exitCode = left.length > 0 ? 1 : 0
