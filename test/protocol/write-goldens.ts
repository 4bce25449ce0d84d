import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goldenFolder, goldenText } from './golden-files.ts'
import { goldens } from './samples.ts'

/**
 * `node test/protocol/write-goldens.ts` writes the goldens that are missing. With `--overwrite` it also replaces
 * those that differ: what is stored with the present protocol version then reads differently, so think twice.
 */
const overwrite = process.argv.includes('--overwrite')

mkdirSync(goldenFolder, { recursive: true })
for (const [name, samples] of goldens) {
  const path = join(goldenFolder, `${name}.jsonl`)
  if (existsSync(path) && !overwrite) continue
  writeFileSync(path, goldenText(samples))
  console.log(`wrote ${path}`)
}
