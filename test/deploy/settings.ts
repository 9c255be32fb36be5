/** The settings of the first deployment. */
export const SETTINGS = {
  deployment: 'specstar',
  // The test itself starts the schedules, because nobody waits for 3 o'clock.
  schedules: [{ name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 }],
  copy_archives_to: { bucket: 'specstar-copies' },
  // Each child of a distributed map needs a process of its own.
  max_concurrency: 4,
  retention: { exports_days: 30, uploads_days: 30 },
}
