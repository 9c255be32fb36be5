import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ArchiveCatalogue } from '../../shared/catalogue/aws/archive-catalogue.ts'
import type { ArchiveCheck, ArchiveProof, CataloguedArchive } from '../../shared/catalogue/catalogued-archive.ts'
import type { TestServers } from '../services.ts'
import { sampleArchive, withoutVersion } from './sample-archive.ts'

const proof = (day: number): ArchiveProof => ({ at: `2007-06-0${day}T00:00:00.000Z`, job_id: `day-${day}` })
const check = (day: number, passed: boolean): ArchiveCheck => ({ ...proof(day), passed })

/** What every store of the catalogue must know about damaged archives, whatever server it uses. */
export const archiveEvidenceContract = (start: () => Promise<TestServers>): void => {
  let servers: TestServers
  let catalogue: ArchiveCatalogue
  beforeAll(async () => {
    servers = await start()
    catalogue = new ArchiveCatalogue(servers.dynamo, servers.config.tables.jobs)
  })
  afterAll(() => servers.stop())

  /** Whether an archive that the catalogue contains counts as damaged, and one that it does not contain. */
  describe.each([true, false])('an archive that was checked, and that is in the catalogue: %s', (isListed) => {
    const newArchive = async (): Promise<CataloguedArchive> => {
      const archive = sampleArchive('2007-05-01')
      if (isListed) await catalogue.put(archive)
      return archive
    }
    const isDamaged = async (archive: CataloguedArchive): Promise<boolean> => {
      const damaged = await catalogue.isDamaged(archive)
      expect((await catalogue.damagedContents(archive.key)).length > 0).toBe(damaged)
      return damaged
    }

    it('is damaged if its last check has failed', async () => {
      const archive = await newArchive()
      expect(await isDamaged(archive)).toBe(false)
      expect(await catalogue.recordCheck(archive, check(2, false))).toBe(isListed)
      expect(await isDamaged(archive)).toBe(true)
      expect(await isDamaged(withoutVersion(archive))).toBe(true)
      await catalogue.recordCheck(archive, check(1, true))
      expect(await isDamaged(archive)).toBe(true)
      await catalogue.recordCheck(archive, check(3, true))
      expect(await isDamaged(archive)).toBe(false)
      await catalogue.recordCheck(archive, check(4, false))
      expect(await isDamaged(archive)).toBe(true)
    })

    it('is intact if the check that ended last has passed, even if it was recorded first', async () => {
      const archive = await newArchive()
      await catalogue.recordCheck(archive, check(3, true))
      await catalogue.recordCheck(archive, check(2, false))
      expect(await isDamaged(archive)).toBe(false)
      for (let n = 0; n < 10; n++) {
        const next = await newArchive()
        await Promise.all([catalogue.recordCheck(next, check(2, false)), catalogue.recordCheck(next, check(3, true))])
        expect(await isDamaged(next)).toBe(false)
      }
    })

    it('is intact if a restore has proved it after the last check', async () => {
      const archive = await newArchive()
      await catalogue.recordCheck(archive, check(3, false))
      for (const day of [2, 3]) await catalogue.recordProof(archive, proof(day))
      expect(await isDamaged(archive)).toBe(true)
      await catalogue.recordProof(archive, proof(4))
      expect(await isDamaged(archive)).toBe(false)
      await catalogue.recordCheck(archive, check(5, false))
      expect(await isDamaged(archive)).toBe(true)
    })

    it('stays damaged if another object with its key has passed a check', async () => {
      const archive = await newArchive()
      await catalogue.recordCheck(archive, check(2, false))
      const replaced = { ...archive, etag: 'replaced' }
      await catalogue.recordCheck(replaced, check(3, true))
      expect(await isDamaged(archive)).toBe(true)
      expect(await catalogue.isDamaged(replaced)).toBe(false)
      expect(await catalogue.isDamaged({ ...archive, bucket: 'other' })).toBe(false)
    })

    it('stays damaged if another version of it is stored, until it is removed', async () => {
      const archive = await newArchive()
      await catalogue.recordCheck(archive, check(2, false))
      await catalogue.put({ ...archive, etag: 'replaced' })
      expect(await isDamaged(archive)).toBe(true)
      await catalogue.put(archive)
      expect(await catalogue.get(archive.key)).toEqual({ ...archive, last_checked: check(2, false) })
      await catalogue.recordCheck(archive, check(3, true))
      expect(await isDamaged(archive)).toBe(false)
      await catalogue.recordCheck(archive, check(4, false))
      await catalogue.recordCheck({ ...archive, etag: 'other' }, check(4, false))
      await catalogue.removeKeys([archive.key])
      expect(await isDamaged(archive)).toBe(false)
    })
  })

  /** Deletes the items that have `expires`, as DynamoDB does after 90 days. Returns how many it has deleted. */
  const expire = async ({ key }: CataloguedArchive): Promise<number> => {
    const TableName = servers.config.tables.jobs
    const { Items = [] } = await servers.dynamo.send(
      new QueryCommand({
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':pk': { S: `archive#${key}` } },
      }),
    )
    const expiring = Items.filter((item) => item['expires'] !== undefined)
    for (const { pk, sk } of expiring)
      if (pk !== undefined && sk !== undefined)
        await servers.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }))
    return expiring.length
  }

  describe('the expiry of checks and proofs', () => {
    const now = new Date('2007-06-09T00:00:00.000Z')
    const listedArchive = async (): Promise<CataloguedArchive> => {
      const archive = sampleArchive('2007-05-01')
      await catalogue.put(archive)
      return archive
    }

    it('deletes a passed check and a proof of an archive that is no longer listed', async () => {
      const archive = await listedArchive()
      await catalogue.recordCheck(archive, check(2, true))
      await catalogue.recordProof(archive, proof(3))
      expect(await expire(archive)).toBe(0)
      await catalogue.unlist(archive, now)
      expect(await catalogue.known(archive.key)).toMatchObject({ last_checked: check(2, true), last_proved: proof(3) })
      expect(await expire(archive)).toBe(1)
      expect(await catalogue.known(archive.key)).toBeUndefined()
    })

    it('keeps a failed check of an archive that is no longer listed', async () => {
      const archive = await listedArchive()
      await catalogue.recordCheck(archive, check(2, false))
      await catalogue.unlist(archive, now)
      expect(await expire(archive)).toBe(1)
      expect(await catalogue.isDamaged(archive)).toBe(true)
    })

    it('keeps a failed check that was recorded after the archive was no longer listed', async () => {
      const archive = await listedArchive()
      await catalogue.unlist(archive, now)
      expect(await catalogue.recordCheck(archive, check(2, false))).toBe(false)
      expect(await catalogue.isDamaged(archive)).toBe(true)
      await catalogue.put(archive)
      expect(await catalogue.get(archive.key)).toEqual({ ...archive, last_checked: check(2, false) })
      await catalogue.unlist(archive, now)
      await expire(archive)
      expect(await catalogue.isDamaged(archive)).toBe(true)
    })

    it('keeps a failed check that is recorded while the archive is removed from the lists', async () => {
      for (let n = 0; n < 10; n++) {
        const archive = await listedArchive()
        await Promise.all([catalogue.unlist(archive, now), catalogue.recordCheck(archive, check(2, false))])
        await expire(archive)
        expect(await catalogue.isDamaged(archive)).toBe(true)
      }
    })

    it('keeps what proves a damaged archive intact as long as the failed check', async () => {
      const archive = await listedArchive()
      const copy = { ...archive, version_id: 'v2' }
      await catalogue.recordCheck(archive, check(2, false))
      await catalogue.recordCheck(copy, check(3, true))
      await expire(archive)
      expect(await catalogue.isDamaged(archive)).toBe(false)
      await catalogue.recordCheck(copy, check(4, false))
      await catalogue.recordProof(archive, proof(5))
      await catalogue.unlist(archive, now)
      await expire(archive)
      expect(await catalogue.isDamaged(archive)).toBe(false)
    })

    it('keeps the failed check of a version that the catalogue does not contain', async () => {
      const archive = sampleArchive('2007-05-01')
      await catalogue.recordCheck(archive, check(2, true))
      await catalogue.recordProof(archive, proof(3))
      await catalogue.recordCheck(archive, check(4, false))
      expect(await expire(archive)).toBe(0)
      expect(await catalogue.isDamaged(archive)).toBe(true)
    })
  })

  it('lists the check of an archive that another process stores at the same time', async () => {
    const archive = sampleArchive('2007-05-01')
    const get = vi.spyOn(catalogue, 'get').mockImplementationOnce(async () => {
      await catalogue.put(archive)
      return undefined
    })
    expect(await catalogue.recordCheck(archive, check(2, true))).toBe(true)
    get.mockRestore()
    expect(await catalogue.get(archive.key)).toEqual({ ...archive, last_checked: check(2, true) })
  })

  it('keeps a failed check that is recorded while another version of the archive is stored', async () => {
    const archive = sampleArchive('2007-05-01')
    await catalogue.put(archive)
    const known = vi.spyOn(catalogue, 'known').mockImplementationOnce(async () => {
      await catalogue.recordCheck(archive, check(2, false))
      return archive
    })
    const replaced = { ...archive, etag: 'replaced' }
    await catalogue.put(replaced)
    known.mockRestore()
    expect(await catalogue.get(archive.key)).toEqual(replaced)
    expect(await catalogue.isDamaged(archive)).toBe(true)
  })
}
