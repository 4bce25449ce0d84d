/** Imported by tests that make apps: an assembly that was not told where to go is written to the temporary directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'fermata-apps-'))
// biome-ignore lint/style/noProcessEnv: the CDK asks the system where that is
process.env['TMPDIR'] = directory
afterAll(() => rmSync(directory, { recursive: true, force: true }))
