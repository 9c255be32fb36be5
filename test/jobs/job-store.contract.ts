import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type { TestServers } from '../services.ts'
import { ContractStore } from './job-store/contract-store.ts'
import { creationContract } from './job-store/creation.ts'
import { listsContract } from './job-store/lists.ts'
import { resultsContract } from './job-store/results.ts'

/** What every job store must do, whatever server it uses. */
export const jobStoreContract = (start: () => Promise<TestServers>): void => {
  describe('a job store', () => {
    const store = new ContractStore()
    beforeAll(async () => {
      store.connect(await start())
    })
    beforeEach(() => {
      // The time is in the future, because DynamoDB Local deletes jobs that have expired.
      store.now = new Date('2126-03-05T10:00:00.000Z')
    })
    afterAll(() => store.servers.stop())

    creationContract(store)
    resultsContract(store)
    listsContract(store)
  })
}
