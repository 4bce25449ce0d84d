export type Draw = {
  readonly id: string
  /** In [0, 1). */
  readonly chance: number
  /** In (0, 1). */
  readonly much: number
}

/** What chance says at a place: the same for the same seed and place, whatever was drawn before. */
export function drawAt(seed: number, place: string): Draw {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  for (let n = 0; n < place.length; n++) {
    hash = Math.imul(hash ^ place.charCodeAt(n), 0x01000193)
    hash ^= hash >>> 15
  }
  const [first, second] = [mixed(hash), mixed(hash ^ 0x5bd1e995)]
  return {
    id: first.toString(36),
    chance: mixed(first) / 2 ** 32,
    much: (second + 1) / (2 ** 32 + 2),
  }
}

function mixed(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return (hash ^ (hash >>> 16)) >>> 0
}
