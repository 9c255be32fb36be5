import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'
import { pagesOf } from './pages.ts'

/** Reads all items and discards them. */
export const query: Floor = {
  run: async ({ dynamo, table, partitions }) => {
    await pMap(
      partitions,
      async (partition) => {
        const pages = pagesOf(dynamo, table, partition)
        while ((await pages.next()).done !== true);
      },
      { concurrency: CONCURRENT.partitions },
    )
  },
}
