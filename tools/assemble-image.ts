/**
 * `node --conditions=source tools/assemble-image.ts <directory>`: the file tree of the orchestrator's image without a
 * container engine, and the command that it runs.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleImage } from '../cdk/src/assemble-image.ts'

export type ImageTree = {
  readonly base: string
  /** What the image adds to its base. */
  readonly root: string
  readonly workingDirectory: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly user: string
  readonly stopSignal: string
  readonly healthCommand: readonly string[]
}

/** Carries out what the Dockerfile says, as far as it concerns files, under `root`. */
export function assembleTree(root: string): ImageTree {
  const context = mkdtempSync(join(tmpdir(), 'fermata-context-'))
  try {
    assembleImage(context)
    return carryOut(readFileSync(join(context, 'Dockerfile'), 'utf8'), context, root)
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

type Instruction = { readonly name: string; readonly rest: string }

function carryOut(dockerfile: string, context: string, root: string): ImageTree {
  const instructions = instructionsOf(dockerfile)
  const last = (name: string) => instructions.findLast((one) => one.name === name)?.rest ?? ''
  const workingDirectory = join(root, last('WORKDIR'))
  mkdirSync(workingDirectory, { recursive: true })
  for (const { name, rest } of instructions) {
    if (name !== 'COPY') continue
    const [target = '.', ...sources] = rest.split(/\s+/).toReversed()
    for (const source of sources) {
      cpSync(join(context, source), join(workingDirectory, target, source), { recursive: true })
    }
  }
  const pairs = instructions
    .filter(({ name }) => name === 'ENV')
    .map(({ rest }): [string, string] => {
      const [key = '', ...value] = rest.split('=')
      return [key, value.join('=')]
    })
  return {
    base: last('FROM'),
    root,
    workingDirectory,
    command: JSON.parse(last('CMD')),
    environment: Object.fromEntries(pairs),
    user: last('USER'),
    stopSignal: last('STOPSIGNAL'),
    healthCommand: JSON.parse(last('HEALTHCHECK').replace(/^.*?CMD /s, '')),
  }
}

/** Lines that end with a backslash go on; those that begin with # say nothing. */
function instructionsOf(dockerfile: string): Instruction[] {
  const lines = dockerfile.replaceAll(/\\\n\s*/g, ' ').split('\n')
  return lines
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => {
      const [name = '', ...rest] = line.split(' ')
      return { name, rest: rest.join(' ').trim() }
    })
}

if (import.meta.main) {
  const [directory = 'image'] = process.argv.slice(2)
  const { workingDirectory, command, user } = assembleTree(directory)
  console.log(`cd ${workingDirectory} && ${command.join(' ')}   # as ${user}`)
}
