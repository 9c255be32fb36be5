import { DYNAMODB, RESOURCE, UNITS } from './assumptions.ts'
import { Capacity } from './capacity.ts'
import type { Use } from './flows.ts'

interface TableOptions {
  readonly resources: number
  readonly shards: number
  /** True if the table was just created. False if it has already accepted its quota. */
  readonly isNew: boolean
}

/** The part of the resources whose id hashes begin in a range. 0 is the first id hash, and 1 is after the last. */
export interface HashRange {
  readonly from: number
  readonly to: number
}

/**
 * The resource table. It divides the items of each kind among partitions by id hash: at least one partition for each
 * shard, and more if these have more than 10 GB.
 */
export class Table {
  readonly reads: Capacity
  readonly writes: Capacity
  readonly partitions: readonly Capacity[]
  readonly #metadata: readonly PartitionCapacity[]
  readonly #revisions: readonly PartitionCapacity[]

  constructor({ resources, shards, isNew }: TableOptions) {
    const { newTable, quota, growthSeconds, burstSeconds } = DYNAMODB
    const capacity = (kind: 'reads' | 'writes'): Capacity =>
      new Capacity(`${kind} of the table`, {
        perSecond: isNew ? newTable[kind] : quota[kind],
        burstSeconds,
        growth: { everySeconds: growthSeconds, limit: quota[kind] },
      })
    this.reads = capacity('reads')
    this.writes = capacity('writes')
    const itemBytes = RESOURCE.bytes / RESOURCE.items
    // A restore fills a new table, whose partitions are divided only as they grow. The simulation begins with one for
    // each shard.
    const count = (bytes: number): number =>
      isNew ? shards : shards * Math.ceil(bytes / shards / DYNAMODB.partitionBytes)
    this.#metadata = partitions('m', count(resources * itemBytes))
    this.#revisions = partitions('r', count(resources * itemBytes * RESOURCE.revisions))
    this.partitions = [...this.#metadata, ...this.#revisions].flatMap(({ reads, writes }) => [reads, writes])
  }

  /** Returns what reading one resource at this position takes. */
  read({ from }: HashRange): Use[] {
    return [
      { capacity: this.reads, units: UNITS.readMetadata + UNITS.readRevisions },
      { capacity: at(this.#metadata, from).reads, units: UNITS.readMetadata },
      { capacity: at(this.#revisions, from).reads, units: UNITS.readRevisions },
    ]
  }

  readMetadata({ from }: HashRange): Use[] {
    return [
      { capacity: this.reads, units: UNITS.readMetadata },
      { capacity: at(this.#metadata, from).reads, units: UNITS.readMetadata },
    ]
  }

  write({ from }: HashRange): Use[] {
    return [
      { capacity: this.writes, units: UNITS.writeMetadata + UNITS.writeRevisions },
      { capacity: at(this.#metadata, from).writes, units: UNITS.writeMetadata },
      { capacity: at(this.#revisions, from).writes, units: UNITS.writeRevisions },
    ]
  }
}

interface PartitionCapacity {
  readonly reads: Capacity
  readonly writes: Capacity
}

const partitions = (kind: 'm' | 'r', count: number): PartitionCapacity[] =>
  Array.from({ length: count }, (_, k) => ({
    reads: new Capacity(`reads of partition ${kind}${k}`, { perSecond: DYNAMODB.partition.reads }),
    writes: new Capacity(`writes of partition ${kind}${k}`, { perSecond: DYNAMODB.partition.writes }),
  }))

const at = (list: readonly PartitionCapacity[], position: number): PartitionCapacity => {
  const found = list[Math.min(list.length - 1, Math.floor(position * list.length))]
  if (found === undefined) throw new Error('a table has at least one partition')
  return found
}
