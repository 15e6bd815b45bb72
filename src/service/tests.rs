//! Services, asked as clients ask them.
