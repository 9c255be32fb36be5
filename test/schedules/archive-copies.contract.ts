import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ArchiveCopy } from '../../shared/schedules/archive-copy.ts'
import { ArchiveCopies } from '../../shared/schedules/aws/archive-copies.ts'
import type { TestServers } from '../services.ts'

const MEMBERS = { archive: 'scheduled/1.acbak', bucket: 'copies', key: 'prod/eu-west-1/scheduled/1.acbak' }
const PENDING: ArchiveCopy = {
  ...MEMBERS,
  state: 'pending',
  size: 5 * 1024 ** 4,
  copied_bytes: 0,
  upload: { id: 'upload', etag: 'etag', part_bytes: 512 * 1024 ** 2 },
}
const COPIED: ArchiveCopy = { ...MEMBERS, state: 'copied', checked_at: '2026-01-05T04:00:00.000Z' }

/** What every store of the states of copies must do, whatever server it uses. */
export const archiveCopiesContract = (start: () => Promise<TestServers>): void => {
  describe('the states of the copies of archives', () => {
    let servers: TestServers
    let copies: ArchiveCopies
    beforeAll(async () => {
      servers = await start()
      copies = new ArchiveCopies(servers.dynamo, servers.config.tables.jobs)
    })
    afterAll(() => servers.stop())

    it('are listed for one schedule', async () => {
      const other = { ...COPIED, archive: 'scheduled/2.acbak' }
      for (const copy of [other, PENDING]) await copies.put('listed', copy)
      await copies.put('listed-too', COPIED)
      expect(await copies.list('listed')).toEqual([PENDING, other])
      expect(await copies.list('none')).toEqual([])
    })

    it('are replaced, and deleted', async () => {
      await copies.put('replaced', PENDING)
      await copies.put('replaced', COPIED)
      expect(await copies.get('replaced', COPIED.archive)).toEqual(COPIED)
      expect(await copies.get('replaced', 'scheduled/other.acbak')).toBeUndefined()
      await copies.delete('replaced', COPIED)
      expect(await copies.get('replaced', COPIED.archive)).toBeUndefined()
    })
  })
}
