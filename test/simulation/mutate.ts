import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Edit } from './mutants/mutant.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The source with the bug in it. @throws Error unless what is to be replaced stands in it exactly once */
export function mutated(source: string, { file, from, to }: Edit): string {
  const count = source.split(from).length - 1
  if (count !== 1) throw new Error(`${file} holds this ${count} times, not once: ${from}`)
  return source.replace(from, () => to)
}

/** Plants the edits in whatever is imported from now on. Answers which files have been. */
export function plant(edits: readonly Edit[]): ReadonlySet<string> {
  const planted = new Set<string>()
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      const mine = url.startsWith('file:')
        ? edits.filter(({ file }) => fileURLToPath(url) === `${root}${file}`)
        : []
      if (mine.length === 0) return loaded
      const source = Buffer.from(loaded.source as Uint8Array).toString()
      for (const { file } of mine) planted.add(file)
      return { ...loaded, source: mine.reduce(mutated, source) }
    },
  })
  return planted
}
