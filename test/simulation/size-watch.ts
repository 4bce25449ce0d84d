import type { World } from '../unit/engine/world.ts'

/** What DynamoDB takes in one item, bytes. */
const mostBytes = 400 * 1024

/** Tells of every write that no item of a table could hold (trace 14). */
export function watchSizes({ stores }: World, found: (what: string) => void): void {
  const { journals, objects } = stores
  const check = (what: string, item: unknown): void => {
    const bytes = Buffer.byteLength(JSON.stringify(item))
    if (bytes > mostBytes) found(`${what} takes ${bytes} bytes, more than an item of a table holds`)
  }
  const append = journals.append.bind(journals)
  const writeHead = objects.writeHead.bind(objects)
  const addSlot = objects.append.bind(objects)
  Object.assign(journals, {
    append: (...args: Parameters<typeof append>) => {
      const [id, segment] = args
      check(`segment ${segment.n} of ${id}`, segment)
      return append(...args)
    },
  })
  Object.assign(objects, {
    writeHead: (...args: Parameters<typeof writeHead>) => {
      const [{ service, key }, head] = args
      check(`the head of ${service}/${key}`, head)
      return writeHead(...args)
    },
    append: (...args: Parameters<typeof addSlot>) => {
      const [{ service, key }, slot] = args
      check(`slot ${slot.n} of ${service}/${key}`, slot)
      return addSlot(...args)
    },
  })
}
