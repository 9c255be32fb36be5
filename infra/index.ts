export type { BackupService } from './backup-service.ts'
export type { BackupStores } from './backup-stores.ts'
export type { SettingsInput } from './settings-input.ts'
export { SpecStarBackup, type SpecStarBackupProps } from './spec-star-backup.ts'
