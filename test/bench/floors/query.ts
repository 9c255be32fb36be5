import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'
import { pagesOf } from './pages.ts'

/** Reads all items and discards them. */
export const query: Floor = {
  run: async ({ dynamo, table, partitions }) => {
    await pMap(
      partitions,
      async (partition) => {
        for await (const items of pagesOf(dynamo, table, partition)) void items
      },
      { concurrency: CONCURRENT.partitions },
    )
  },
}
