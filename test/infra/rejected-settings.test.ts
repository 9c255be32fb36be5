import { describe, expect, it } from 'vitest'
import { readSettings, SettingsError } from '../../infra/settings.ts'
import { loadModelsFile } from '../../shared/resources/models.ts'

const MODELS = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))
const nightly = { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }

describe('readSettings', () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      'groups of settings that are not objects',
      { deployment: 'prod', retention: 30, existing: [], throttle: 5 },
      [
        'retention: 30 must be an object with these members: old_versions_days, log_days',
        'existing: [] must be an object with these members: resource_table, blob_bucket, restore_bucket, key_arn',
        'throttle: 5 must be an object with these members: rate, burst',
      ],
    ],
    ['settings that are not an object', 'prod', ['specstar: "prod" must be an object with these members: deployment']],
    [
      'buckets without a name',
      { deployment: 'prod', restore_from: [{ account: '111111111111' }], copy_archives_to: {} },
      [
        'restore_from.0.bucket: is missing; it must be the name of an S3 bucket',
        'copy_archives_to.bucket: is missing; it must be the name of an S3 bucket',
      ],
    ],
    [
      'the job table of the deployment as the table of the resources',
      { deployment: 'prod', existing: { resource_table: 'prod-jobs' } },
      ['existing.resource_table: must not be prod-jobs, the job table of the deployment'],
    ],
    [
      'the ARN of an alias instead of a key',
      { deployment: 'prod', existing: { key_arn: 'arn:aws:kms:eu-west-1:111111111111:alias/mine' } },
      ['existing.key_arn: "arn:aws:kms:eu-west-1:111111111111:alias/mine" must be the ARN of a KMS key'],
    ],
    [
      'one existing bucket for two purposes',
      { deployment: 'prod', existing: { blob_bucket: 'same', restore_bucket: 'same' } },
      ['existing.restore_bucket: must not be the same bucket as existing.blob_bucket'],
    ],
    [
      'the deletion of all old objects of a bucket of others',
      { deployment: 'prod', existing: { restore_bucket: 'others' }, retention: { uploads_days: 3 } },
      ['retention.uploads_days: cannot be combined with existing.restore_bucket'],
    ],
    [
      'buckets of the deployment itself as existing buckets for another purpose',
      {
        deployment: 'prod',
        existing: {
          blob_bucket: 'prod-archives-111111111111-eu-west-1',
          restore_bucket: 'prod-blobs-111111111111-eu-west-1',
        },
      },
      [
        'existing.blob_bucket: must not be a bucket that the deployment uses for another purpose',
        'existing.restore_bucket: must not be a bucket that the deployment uses for another purpose',
      ],
    ],
    [
      'copies in an existing restore bucket',
      { deployment: 'prod', existing: { restore_bucket: 'uploads' }, copy_archives_to: { bucket: 'uploads' } },
      ['copy_archives_to.bucket: must not be the restore bucket, because every copy would start a restore'],
    ],
    [
      'copies in the restore bucket of the deployment',
      { deployment: 'prod', copy_archives_to: { bucket: 'prod-restores-111111111111-eu-west-1' } },
      ['copy_archives_to.bucket: must not be the restore bucket, because every copy would start a restore'],
    ],
    [
      'copies in the archive bucket of the deployment',
      { deployment: 'prod', copy_archives_to: { bucket: 'prod-archives-111111111111-eu-west-1' } },
      ['copy_archives_to.bucket: must not be the archive bucket, because a copy in the same bucket does not protect'],
    ],
    [
      'copies in the blob bucket of the deployment',
      { deployment: 'prod', copy_archives_to: { bucket: 'prod-blobs-111111111111-eu-west-1' } },
      ['copy_archives_to.bucket: must not be the bucket with the blobs'],
    ],
    [
      'copies in the work bucket of the deployment',
      { deployment: 'prod', copy_archives_to: { bucket: 'prod-work-111111111111-eu-west-1' } },
      ['copy_archives_to.bucket: must not be the work bucket, because its objects are deleted after 7 days'],
    ],
    [
      'copies in an existing blob bucket whose account and region are given',
      {
        deployment: 'prod',
        existing: { blob_bucket: 'files' },
        copy_archives_to: { bucket: 'files', account: '111111111111', region: 'eu-west-1' },
      },
      ['copy_archives_to.bucket: must not be the bucket with the blobs'],
    ],
    [
      'copies in an existing blob bucket',
      { deployment: 'prod', existing: { blob_bucket: 'files' }, copy_archives_to: { bucket: 'files' } },
      ['copy_archives_to.bucket: must not be the bucket with the blobs'],
    ],
    [
      'an existing job table, because only the deployment may write it',
      { deployment: 'prod', existing: { job_table: 'jobs' } },
      [
        'existing.job_table: there is no such setting; ' +
          'settings of existing: resource_table, blob_bucket, restore_bucket, key_arn',
      ],
    ],
    [
      'exports that are kept for no day',
      { deployment: 'prod', retention: { exports_days: 0 } },
      ['retention.exports_days: 0 must be at least 1'],
    ],
    [
      'a schedule whose ratio is over 1',
      { deployment: 'prod', schedules: [{ ...nightly, min_ratio: 50 }] },
      ['schedules.0.min_ratio: 50 must be a number from 0 to 1'],
    ],
    [
      'settings that are missing altogether',
      undefined,
      ['deployment: is missing; it must be a lower-case letter followed by at most 23 characters of a-z, 0-9 and -'],
    ],
    [
      'a name that AWS reserves',
      { deployment: 'default' },
      ['deployment: "default" is reserved: the name must not be "default"'],
    ],
    ['a name with capitals', { deployment: 'Prod' }, ['deployment: "Prod" must be a lower-case letter followed by']],
    [
      'an unknown setting',
      { deployment: 'prod', shedules: [] },
      ['shedules: there is no such setting; settings of specstar: deployment, schedules'],
    ],
    [
      'an unknown setting inside another one',
      { deployment: 'prod', throttle: { rps: 1 } },
      ['throttle.rps: there is no such setting; settings of throttle: rate, burst'],
    ],
    [
      'a retention period that CloudWatch Logs does not support',
      { deployment: 'prod', retention: { log_days: 42 } },
      ['retention.log_days: 42 must be one of 1, 3, 5'],
    ],
    [
      'an unknown strategy',
      { deployment: 'prod', upload_strategy: 'merge' },
      ['upload_strategy: "merge" must be one of: overwrite'],
    ],
    [
      'a name that no bucket can have',
      { deployment: 'prod', restore_from: ['My Bucket'] },
      ['restore_from.0: "My Bucket" must be the name of an S3 bucket'],
    ],
    [
      'an alarm address that is not an e-mail address',
      { deployment: 'prod', alarm_email: 'me' },
      ['alarm_email: "me" must be an e-mail address'],
    ],
    [
      'an archive lock of 0 days',
      { deployment: 'prod', archive_lock_days: 0 },
      ['archive_lock_days: 0 must be at least 1'],
    ],
    [
      'a lock without a mode',
      { deployment: 'prod', archive_lock: { days: 30 } },
      ['archive_lock.mode: is missing; it must be "governance" or "compliance"'],
    ],
    [
      'a lock without days',
      { deployment: 'prod', archive_lock: { mode: 'compliance' } },
      ['archive_lock.days: is missing; it must be a whole number of days'],
    ],
    [
      'an unknown member of a lock',
      { deployment: 'prod', archive_lock: { mode: 'compliance', days: 30, hold: true } },
      ['archive_lock.hold: there is no such setting; settings of archive_lock: mode, days'],
    ],
    [
      'two locks',
      { deployment: 'prod', archive_lock: { mode: 'compliance', days: 30 }, archive_lock_days: 30 },
      ['archive_lock: cannot be set together with archive_lock_days; remove archive_lock_days'],
    ],
    [
      'a copy without a bucket, in an unknown place',
      { deployment: 'prod', copy_archives_to: { region: 'Europe', account: '1' } },
      [
        'copy_archives_to.bucket: ',
        'copy_archives_to.region: "Europe" must be the name of a region',
        'copy_archives_to.account: "1" must be an account id',
      ],
    ],
    [
      'an unknown kind of encryption',
      { deployment: 'prod', encryption: 'none' },
      ['encryption: "none" must be "kms" or "s3"'],
    ],
    [
      'a schedule whose cron expression is wrong',
      { deployment: 'prod', schedules: [{ ...nightly, cron: 'daily' }] },
      ['schedules.0.cron: "daily" must have six fields'],
    ],
    [
      'a schedule without the days for which its archives are kept',
      { deployment: 'prod', schedules: [{ name: 'nightly', rate: '1 day' }] },
      ['schedules.0.keep_days: is missing; it must be'],
    ],
    [
      'a schedule without a timing',
      { deployment: 'prod', schedules: [{ name: 'nightly', keep_days: 30 }] },
      ['schedules.0.cron: is missing; it must be set if there is no rate'],
    ],
    [
      'a schedule of a model that is not registered',
      { deployment: 'prod', schedules: [{ ...nightly, models: ['planet'] }] },
      ['schedules.0 (nightly): model planet is not registered'],
    ],
    [
      'schedules that do not fit into the environment of a function',
      { deployment: 'prod', schedules: Array.from({ length: 60 }, (_, k) => ({ ...nightly, name: `n${k}` })) },
      ['schedules: the schedules have', 'at most 2300 bytes are allowed'],
    ],
    [
      'a schedule with an unknown member',
      { deployment: 'prod', schedules: [{ ...nightly, keep: 1 }] },
      ['schedules.0.keep: there is no such setting; settings of schedules.0: name, cron'],
    ],
    [
      'a schedule that will never be due again',
      { deployment: 'prod', schedules: [{ ...nightly, cron: '0 3 1 1 ? 2020' }] },
      ['schedules.0 (nightly): cron matches no time in the future'],
    ],
    [
      'a text instead of a number',
      { deployment: 'prod', archive_lock_days: '30' },
      ['archive_lock_days: "30" must be a whole number of days'],
    ],
    [
      'a bucket that is listed twice',
      { deployment: 'prod', restore_from: ['abc', 'abc'] },
      ['restore_from: ["abc","abc"] contains the same name twice'],
    ],
    [
      'an IP address instead of a bucket name',
      { deployment: 'prod', restore_from: ['192.168.1.1'] },
      ['restore_from.0: "192.168.1.1" must be the name of an S3 bucket'],
    ],
    [
      'an account id that is a number',
      { deployment: 'prod', restore_from: [{ bucket: 'abc', account: 123456789012 }] },
      ['restore_from.0.account: 123456789012 must be an account id: a string of 12 digits'],
    ],
    [
      'a bucket without an account in an object',
      { deployment: 'prod', restore_from: ['abc', { bucket: 'My Bucket' }] },
      [
        'restore_from.1.bucket: "My Bucket" must be the name of an S3 bucket',
        'restore_from.1.account: is missing; it must',
      ],
    ],
    [
      'a bucket that is neither a name nor an object',
      { deployment: 'prod', restore_from: [7] },
      ['restore_from.0: 7 must be the name of a bucket, or an object with bucket and account'],
    ],
    [
      'a bucket that is listed once by its name and once with its account',
      { deployment: 'prod', restore_from: ['abc', { bucket: 'abc', account: '000000000001' }] },
      ['contains the same name twice'],
    ],
    [
      'more workers than 1,000',
      { deployment: 'prod', max_concurrency: 1_001 },
      ['max_concurrency: 1001 must be at most 1000'],
    ],
    [
      'a reserved concurrency of 0, which would pause the workers',
      { deployment: 'prod', reserved_concurrency: 0 },
      ['reserved_concurrency: 0 must be at least 1'],
    ],
    ['two wrong settings, and names both', { deployment: '', encryption: 'x' }, ['deployment: ""', 'encryption: "x"']],
  ])('rejects %s', (_, settings, texts) => {
    expect(() => readSettings(settings, MODELS)).toThrow(SettingsError)
    for (const text of ['The settings of SpecStar Backup are not valid', ...texts])
      expect(() => readSettings(settings, MODELS)).toThrow(text)
  })
})
