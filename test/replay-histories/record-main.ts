import { existsSync, writeFileSync } from 'node:fs'
import { recordHistory } from './history.ts'
import { programs } from './programs.ts'
import { scenes } from './scenes.ts'

/** Records the histories that are missing: `node test/replay-histories/record-main.ts`. Those that exist stay as they are. */
for (const program of [...Object.keys(programs), ...Object.keys(scenes)]) {
  const file = new URL(`v1/${program}.json`, import.meta.url)
  if (existsSync(file)) continue
  writeFileSync(file, `${JSON.stringify(await recordHistory(program), null, 2)}\n`)
  console.log(`recorded ${program}`)
}
