"""How the exercises of each lesson are marked: one module a lesson, opened by `lessons.check` when first asked."""
