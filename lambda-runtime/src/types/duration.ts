/** `'250ms' | '20s' | '5m' | '1h' | '7d'`, an object of units, or milliseconds. Checked at run time as well. */
export type Duration =
  | number
  | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`
  | {
      readonly days?: number | undefined
      readonly hours?: number | undefined
      readonly minutes?: number | undefined
      readonly seconds?: number | undefined
      readonly milliseconds?: number | undefined
    }
