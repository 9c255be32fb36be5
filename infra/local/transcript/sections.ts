/** A part of the transcript: a heading, a sentence about it, and the lines that a user types. */
export interface Section {
  readonly heading: string
  readonly text: string
  /** True if the store must be empty before the first line. */
  readonly needsEmptyStore?: boolean
  readonly lines: readonly Line[]
}

/** A line for the shell. */
export interface Line {
  readonly shell: string
  /** The name of the variable that keeps the first job id in the output for later lines. */
  readonly capture?: string
}

const line = (shell: string, capture?: string): Line => ({ shell, ...(capture === undefined ? {} : { capture }) })

/**
 * All sections of the transcript, in the order in which they run. They share one store and one working folder. A test
 * checks that every command occurs.
 */
export const SECTIONS: readonly Section[] = [
  {
    heading: 'Check the settings',
    text: 'The local program runs with sample data and a schedule.',
    lines: [line('specstar-backup doctor'), line('specstar-backup models check models.json')],
  },
  {
    heading: 'Export',
    text: 'The first export only starts a job. The second one waits for its job and downloads the archive.\nThe third one is rejected, because its filter does not exist.',
    lines: [
      line('specstar-backup export --model country'),
      line('specstar-backup export --output monday.acbak', 'JOB'),
      line('specstar-backup export --filter size=large'),
    ],
  },
  {
    heading: 'Jobs and archives',
    text: 'Each list is also available as JSON, with one object in each line.',
    lines: [
      line('specstar-backup jobs'),
      line('specstar-backup show $JOB'),
      line('specstar-backup archives'),
      line('specstar-backup archives --latest --json'),
      line('specstar-backup download $JOB --output copy.acbak'),
      line('cmp monday.acbak copy.acbak'),
    ],
  },
  {
    heading: 'Read an archive',
    text: 'Only the needed parts are read, also from S3.',
    lines: [
      line('specstar-backup ls monday.acbak'),
      line('specstar-backup ls $JOB country | head -n 5'),
      line('specstar-backup cat monday.acbak country/country:TW | head -n 20'),
      line('specstar-backup extract monday.acbak country/country:TW --output taiwan'),
      line('find taiwan -type f | sort'),
      line('specstar-backup models propose monday.acbak --output proposed.json'),
    ],
  },
  {
    heading: 'Verify an archive',
    text: 'A file is verified by the command, and the archive of a job by the deployment.\nA byte of a copy is then overwritten. `verify` finds the damage, and `restore` rejects the copy.',
    lines: [
      line('specstar-backup verify monday.acbak'),
      line('specstar-backup verify $JOB'),
      line(
        "cp monday.acbak damaged.acbak && printf 'x' | dd of=damaged.acbak bs=1 seek=300000 conv=notrunc status=none",
      ),
      line('specstar-backup verify damaged.acbak'),
      line('specstar-backup restore damaged.acbak'),
    ],
  },
  {
    heading: 'Restore',
    text: 'All data was deleted with `npm run wipe`. The archive is compared with the empty store and restored.',
    needsEmptyStore: true,
    lines: [
      line('specstar-backup diff $JOB --live --model country | tail -n 4'),
      line('specstar-backup restore monday.acbak --only country/country:TW'),
      line('specstar-backup restore monday.acbak --dry-run'),
      line('specstar-backup restore monday.acbak --on-duplicate skip'),
      line('specstar-backup diff $JOB --live'),
    ],
  },
  {
    heading: 'Compare archives',
    text: 'The first archive contains two countries, and the second one contains only one of them.',
    lines: [
      line('specstar-backup export --model country --filter ids=country:TW --filter ids=country:JP -o two.acbak'),
      line('specstar-backup export --model country --filter ids=country:TW -o one.acbak'),
      line('specstar-backup diff two.acbak one.acbak --model country'),
    ],
  },
  {
    heading: 'Schedules',
    text: 'A paused schedule starts no exports. It can still become overdue.',
    lines: [
      line('specstar-backup schedules list'),
      line('specstar-backup schedules run nightly --wait'),
      line("specstar-backup schedules pause nightly --days 7 --reason 'migration'"),
      line('specstar-backup schedules list'),
      line('specstar-backup schedules resume nightly'),
      line('specstar-backup prune --all'),
    ],
  },
  {
    heading: 'Cancel a job',
    text: 'The result of a cancelled export contains no archive.',
    lines: [
      line('specstar-backup export', 'CANCELLED'),
      line('specstar-backup cancel $CANCELLED'),
      line('specstar-backup show $CANCELLED --wait'),
      line('specstar-backup cancel no-such-job'),
    ],
  },
  {
    heading: 'Rebuild the catalogue',
    text: 'The catalogue is rebuilt from the manifests in the archive bucket.',
    lines: [line('specstar-backup catalogue rebuild')],
  },
  {
    heading: 'The page',
    text: 'The command ends with Ctrl-C.',
    lines: [line('timeout --preserve-status --signal=INT 20 specstar-backup ui')],
  },
  {
    heading: 'Completion',
    text: 'Shells complete commands, options, their fixed values, and names of files.',
    lines: [line('specstar-backup completion bash | head -n 4')],
  },
]
