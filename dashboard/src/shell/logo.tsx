import type { ReactNode } from 'react';

export function Logo({ size = 28 }: { readonly size?: number }): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <rect width="32" height="32" rx="8" fill="#0f7387" />
      <path
        d="M8 9.5h16M8 16h10.5M8 22.5h16"
        stroke="#fff"
        strokeWidth="3"
        strokeLinecap="round"
        fill="none"
      />
      <circle cx="23.5" cy="16" r="2.2" fill="#9fe3ee" />
    </svg>
  );
}
