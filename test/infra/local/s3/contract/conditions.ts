import { CopyObjectCommand, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { rejection, type S3Session } from './session.ts'

/** If-Match, If-None-Match and their forms for the source of a copy. */
export const conditionContract = (s3: S3Session): void => {
  describe('a condition', () => {
    it('If-None-Match lets one of eight concurrent writers succeed', async () => {
      const writers = Array.from({ length: 8 }, (_, writer) =>
        s3.put('contested', `writer ${writer}`, { IfNoneMatch: '*' }),
      )
      const results = await Promise.allSettled(writers)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const winner = results.findIndex(({ status }) => status === 'fulfilled')
      expect(await s3.text('contested')).toBe(`writer ${winner}`)
      expect(await rejection(s3.put('contested', 'late', { IfNoneMatch: '*' }))).toEqual({
        name: 'PreconditionFailed',
        status: 412,
      })
    })

    it('rejects a large body too, and the sender receives the answer', async () => {
      await s3.put('taken', 'first')
      const large = s3.put('taken', Buffer.alloc(20_000_000), { IfNoneMatch: '*' })
      expect(await rejection(large)).toEqual({ name: 'PreconditionFailed', status: 412 })
      expect(await s3.text('taken')).toBe('first')
    })

    it('If-Match lets a write replace only the state that it names', async () => {
      const { ETag } = await s3.put('matched', 'one')
      await s3.put('matched', 'two', { IfMatch: ETag })
      expect(await rejection(s3.put('matched', 'three', { IfMatch: ETag }))).toMatchObject({ status: 412 })
      expect(await rejection(s3.put('unmatched', 'x', { IfMatch: ETag }))).toMatchObject({ status: 404 })
      expect(await s3.text('matched')).toBe('two')
    })

    it.each(['get', 'head'] as const)('of %s pins the read to one state', async (method) => {
      const { ETag: old } = await s3.put('pinned', 'one')
      const { ETag } = await s3.put('pinned', 'two')
      const read = (more: object) => s3[method]('pinned', more)
      expect((await read({ IfMatch: ETag })).ETag).toBe(ETag)
      expect(await rejection(read({ IfMatch: old }))).toMatchObject({ status: 412 })
      expect((await read({ IfNoneMatch: old })).ETag).toBe(ETag)
      expect(await rejection(read({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 })
    })

    it('of a copy pins its source and protects its target', async () => {
      const { ETag: old } = await s3.put('source', 'one')
      const { ETag } = await s3.put('source', 'two')
      const CopySource = `${s3.bucket}/source`
      const copy = (more: object) =>
        s3.client.send(new CopyObjectCommand({ Bucket: s3.bucket, Key: 'copied', CopySource, ...more }))
      expect(await rejection(copy({ CopySourceIfMatch: old }))).toMatchObject({ status: 412 })
      expect(await rejection(copy({ CopySourceIfNoneMatch: ETag }))).toMatchObject({ status: 412 })
      await copy({ CopySourceIfMatch: ETag, IfNoneMatch: '*' })
      expect(await rejection(copy({ IfNoneMatch: '*' }))).toMatchObject({ status: 412 })
      expect(await s3.text('copied')).toBe('two')
    })

    it('If-Match protects an object from being deleted', async () => {
      const { ETag } = await s3.put('guarded', 'one')
      await s3.put('guarded', 'two')
      const remove = s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'guarded', IfMatch: ETag }))
      expect(await rejection(remove)).toMatchObject({ status: 412 })
      expect(await s3.text('guarded')).toBe('two')
    })
  })
}
