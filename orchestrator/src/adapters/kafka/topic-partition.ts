export type TopicPartition = { readonly topic: string; readonly partition: number }

/** A key for maps. A topic's name has no `/`. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
