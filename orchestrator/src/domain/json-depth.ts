/** Deeper values would exhaust the stack of whatever writes them as JSON again. */
export const maxDepth = 500

/** How deep brackets are nested outside of strings, in text that may not be JSON. Linear, whatever the text. */
export function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const char = text[index]
    if (char === '"') quoted = !quoted
    else if (quoted) index += char === '\\' ? 1 : 0
    else if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth)
    else if (char === ']' || char === '}') depth--
  }
  return deepest
}
