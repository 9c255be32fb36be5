import * as z from 'zod'

/**
 * The groups of objects for which a deployment may set a number of days. If it sets no number, the objects of the group
 * are never deleted automatically.
 */
export const RETENTION_GROUPS = ['exports', 'slots', 'uploads', 'reports'] as const
export type RetentionGroup = (typeof RETENTION_GROUPS)[number]

/**
 * The bucket of each group, and the prefix of the keys of its objects. The group `uploads` contains the objects of its
 * bucket that are in no other group.
 */
export const RETENTION_LOCATIONS = {
  exports: { bucket: 'archives', prefix: 'exports/' },
  reports: { bucket: 'archives', prefix: 'reports/' },
  slots: { bucket: 'restores', prefix: '_slots/' },
  uploads: { bucket: 'restores', prefix: '' },
} as const satisfies Readonly<Record<RetentionGroup, { readonly bucket: string; readonly prefix: string }>>

const days = () =>
  z.int('must be a whole number of days').min(1, 'must be at least 1').max(36_500, 'must be at most 36500')

/** The number of days for which the objects of each group are kept. */
export const RetentionDays = z
  .strictObject({
    exports: z.exactOptional(days()),
    slots: z.exactOptional(days()),
    uploads: z.exactOptional(days()),
    reports: z.exactOptional(days()),
  })
  .readonly()
export type RetentionDays = z.output<typeof RetentionDays>
