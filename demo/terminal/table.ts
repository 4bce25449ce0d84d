import { padEnd, padStart, paint, widthOf } from './style.ts'

export interface Table {
  readonly title: string
  readonly columns: readonly { readonly name: string; readonly align: 'left' | 'right' }[]
  readonly rows: readonly (readonly string[])[]
}

/** Lines of text; columns as wide as their widest cell. */
export function renderTable({ title, columns, rows }: Table): readonly string[] {
  const widths = columns.map(({ name }, column) =>
    Math.max(widthOf(name), ...rows.map((row) => widthOf(row[column] ?? ''))),
  )
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, column) => {
        const pad = align === 'right' ? padStart : padEnd
        return pad(cells[column] ?? '', widths[column] ?? 0)
      })
      .join('   ')
      .trimEnd()
  const names = columns.map(({ name }) => name)
  const hasNames = names.some((name) => name !== '')
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 3, -3))
  return [
    `  ${paint('bold', title)}`,
    ...(hasNames ? [`  ${paint('dim', line(names))}`] : []),
    `  ${paint('dim', rule)}`,
    ...rows.map((row) => `  ${line(row)}`),
  ]
}
